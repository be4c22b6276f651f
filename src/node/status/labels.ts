/** A node label, whether Kubernetes knows it, and who sets such a label. */
export interface LabelReport {
  readonly key: string;
  readonly value: string;
  readonly wellKnown: boolean;
  /** Who sets labels of that name; for others, whose prefix it is. */
  readonly setBy: string;
}

const KUBELET = 'the kubelet';
const CLOUD =
  'the kubelet or the cloud controller manager, from the cloud provider; not guaranteed to be reliable';

/** Labels of the Kubernetes reference "Well-Known Labels, Annotations and Taints" that nodes carry. */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/arch', KUBELET],
  ['kubernetes.io/os', KUBELET],
  ['kubernetes.io/hostname', `${KUBELET}; may differ from the node's name`],
  ['node.kubernetes.io/instance-type', CLOUD],
  ['topology.kubernetes.io/region', CLOUD],
  ['topology.kubernetes.io/zone', CLOUD],
  ['beta.kubernetes.io/arch', `${KUBELET} (deprecated)`],
  ['beta.kubernetes.io/os', `${KUBELET} (deprecated)`],
  ['beta.kubernetes.io/instance-type', `${CLOUD} (deprecated)`],
  ['failure-domain.beta.kubernetes.io/region', `${CLOUD} (deprecated)`],
  ['failure-domain.beta.kubernetes.io/zone', `${CLOUD} (deprecated)`],
  ['node.kubernetes.io/windows-build', KUBELET],
  [
    'node.kubernetes.io/exclude-from-external-load-balancers',
    'an administrator, or kubeadm on control planes',
  ],
  ['node.kubernetes.io/exclude-disruption', 'an administrator'],
  ['node-role.kubernetes.io/control-plane', 'kubeadm, k3s or another installer'],
  ['node-role.kubernetes.io/master', 'an installer (deprecated)'],
]);

const PREFIXES: readonly (readonly [prefix: string, owner: string])[] = [
  ['node-role.kubernetes.io/', 'an administrator or an installer'],
  ['node-restriction.kubernetes.io/', 'an administrator; kubelets may not set it (NodeRestriction)'],
  ['feature.node.kubernetes.io/', 'node feature discovery'],
  ['nvidia.com/', 'the NVIDIA GPU operator'],
  ['k3s.io/', 'k3s'],
  ['eks.amazonaws.com/', 'Amazon EKS'],
  ['cloud.google.com/', 'Google GKE'],
  ['kubernetes.azure.com/', 'Azure AKS'],
  ['csi.volume.kubernetes.io/', 'a CSI driver'],
  ['topology.', 'a CSI driver or a cloud provider'],
];

export function describeLabel(key: string, value: string): LabelReport {
  const known = WELL_KNOWN.get(key);
  if (known !== undefined) return { key, value, wellKnown: true, setBy: known };
  const owner = PREFIXES.find(([prefix]) => key.startsWith(prefix))?.[1];
  return {
    key,
    value,
    wellKnown: key.startsWith('node-role.kubernetes.io/'),
    setBy: owner ?? 'an administrator',
  };
}
