import type { JsonValue } from '../../base/json.js';
import { field, flag, list, text } from '../../base/json-fields.js';

/** The container of a v1.Pod's spec: ordinary, init or ephemeral. */
export function containerSpec(manifest: JsonValue, container: string): JsonValue | undefined {
  for (const kind of ['containers', 'initContainers', 'ephemeralContainers']) {
    const found = list(manifest, 'spec', kind).find((one) => text(one, 'name') === container);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function podUid(manifest: JsonValue): string | undefined {
  return text(manifest, 'metadata', 'uid');
}

/** The container's ID without the runtime's scheme, from the pod's status. */
export function containerId(manifest: JsonValue, container: string): string | undefined {
  for (const kind of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    const status = list(manifest, 'status', kind).find((one) => text(one, 'name') === container);
    const id = text(status, 'containerID');
    if (id !== undefined && id !== '') return id.replace(/^[a-z-]+:\/\//, '');
  }
  return undefined;
}

/** A security profile and the rule that chose it. */
export interface ChosenProfile {
  readonly type: 'Unconfined' | 'RuntimeDefault' | 'Localhost';
  readonly localhostProfile: string | undefined;
  readonly by: string;
}

/**
 * The seccomp profile of a container by Kubernetes' precedence: privileged containers are always unconfined; the
 * container's own field, then the pod's; then RuntimeDefault where the kubelet has seccompDefault, else Unconfined.
 */
export function seccompProfile(
  manifest: JsonValue,
  container: string,
  seccompDefault: boolean,
): ChosenProfile {
  const spec = containerSpec(manifest, container);
  if (isPrivileged(manifest, container)) {
    return { type: 'Unconfined', localhostProfile: undefined, by: 'the container is privileged' };
  }
  const own = profile(field(spec, 'securityContext', 'seccompProfile'), "the container's securityContext");
  const pods = profile(
    field(manifest, 'spec', 'securityContext', 'seccompProfile'),
    "the pod's securityContext",
  );
  const fallback: ChosenProfile = seccompDefault
    ? { type: 'RuntimeDefault', localhostProfile: undefined, by: "the kubelet's seccompDefault" }
    : { type: 'Unconfined', localhostProfile: undefined, by: 'nothing sets one, and seccompDefault is off' };
  return own ?? pods ?? fallback;
}

/**
 * The AppArmor profile: the container's field, then the annotation of before 1.30, then the pod's field; else
 * RuntimeDefault where AppArmor is on. Privileged containers without one of their own are unconfined.
 */
export function appArmorProfile(manifest: JsonValue, container: string): ChosenProfile {
  const spec = containerSpec(manifest, container);
  const own = profile(field(spec, 'securityContext', 'appArmorProfile'), "the container's securityContext");
  const annotation = text(
    manifest,
    'metadata',
    'annotations',
    `container.apparmor.security.beta.kubernetes.io/${container}`,
  );
  const old = annotation === undefined ? undefined : fromAnnotation(annotation);
  const pods = profile(
    field(manifest, 'spec', 'securityContext', 'appArmorProfile'),
    "the pod's securityContext",
  );
  const fallback: ChosenProfile = isPrivileged(manifest, container)
    ? { type: 'Unconfined', localhostProfile: undefined, by: 'the container is privileged' }
    : { type: 'RuntimeDefault', localhostProfile: undefined, by: 'nothing sets one' };
  return own ?? old ?? pods ?? fallback;
}

export function isPrivileged(manifest: JsonValue, container: string): boolean {
  return flag(containerSpec(manifest, container), 'securityContext', 'privileged') === true;
}

function profile(value: JsonValue | undefined, by: string): ChosenProfile | undefined {
  const type = text(value, 'type');
  if (type !== 'Unconfined' && type !== 'RuntimeDefault' && type !== 'Localhost') return undefined;
  return { type, localhostProfile: text(value, 'localhostProfile'), by };
}

function fromAnnotation(value: string): ChosenProfile | undefined {
  const by = "the pod's annotation";
  if (value === 'unconfined') return { type: 'Unconfined', localhostProfile: undefined, by };
  if (value === 'runtime/default') return { type: 'RuntimeDefault', localhostProfile: undefined, by };
  const local = /^localhost\/(.+)$/.exec(value)?.[1];
  return local === undefined ? undefined : { type: 'Localhost', localhostProfile: local, by };
}
