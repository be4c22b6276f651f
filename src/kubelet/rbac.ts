/** What a user lacks: `create` on `nodes/checkpoint`. */
export interface Permission {
  readonly user: string;
  readonly verb: string;
  /** With the subresource: `nodes/checkpoint`, `nodes/proxy`, `pods`. */
  readonly resource: string;
}

/**
 * The ClusterRole that grants a permission, and the binding that gives it to the user, as YAML to apply. Names are
 * quoted as JSON strings, which YAML takes as they are, so that no name can break out.
 */
export function grantingYaml(lacking: Permission): string[] {
  const role = `coldcase-${lacking.resource.replace(/[^a-z]+/g, '-')}-${lacking.verb.replace(/[^a-z]+/g, '-')}`;
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRole',
    'metadata:',
    `  name: ${role}`,
    'rules:',
    '- apiGroups: [""]',
    `  resources: [${JSON.stringify(lacking.resource)}]`,
    `  verbs: [${JSON.stringify(lacking.verb)}]`,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRoleBinding',
    'metadata:',
    `  name: ${role}`,
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    '  kind: ClusterRole',
    `  name: ${role}`,
    'subjects:',
    ...subject(lacking.user),
  ];
}

function subject(user: string): string[] {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  if (namespace !== undefined && name !== undefined) {
    return [
      '- kind: ServiceAccount',
      `  name: ${JSON.stringify(name)}`,
      `  namespace: ${JSON.stringify(namespace)}`,
    ];
  }
  return ['- apiGroup: rbac.authorization.k8s.io', '  kind: User', `  name: ${JSON.stringify(user)}`];
}
