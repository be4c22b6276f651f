import { UsageError } from '../base/errors.js';

/** What is to be checkpointed: one container, or with no container named all of the pod's. */
export interface Target {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string | undefined;
}

/** RFC 1123 label, as namespaces and containers are named (apimachinery's validation, 63 characters). */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain, as pods and nodes are named (253 characters). */
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

export function isLabel(name: string): boolean {
  return LABEL.test(name);
}

export function isSubdomain(name: string): boolean {
  return name.length <= 253 && SUBDOMAIN.test(name);
}

/**
 * Reads `NAMESPACE/POD` or `NAMESPACE/POD/CONTAINER`.
 *
 * @throws UsageError when a part is missing or could not be a name in Kubernetes
 */
export function parseTarget(text: string): Target {
  const [namespace = '', pod = '', container, ...rest] = text.split('/');
  const shape = 'name it NAMESPACE/POD or NAMESPACE/POD/CONTAINER, for example prod/payments/api';
  if (pod === '' || rest.length > 0) {
    throw new UsageError(`${JSON.stringify(text)} does not name a pod`, { remedy: shape });
  }
  const wrong = (kind: string, name: string): UsageError =>
    new UsageError(`${JSON.stringify(name)} cannot be the name of a ${kind}`, { remedy: shape });
  if (!isLabel(namespace)) throw wrong('namespace', namespace);
  if (!isSubdomain(pod)) throw wrong('pod', pod);
  if (container !== undefined && !isLabel(container)) throw wrong('container', container);
  return { namespace, pod, container };
}
