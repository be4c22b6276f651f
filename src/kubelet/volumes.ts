import type { JsonValue } from '../base/json.js';
import { list, object, text } from '../base/json-fields.js';

/** A volume of a pod (v1.Volume), without what is in it. */
export interface Volume {
  readonly name: string;
  /** The field that says what it is: `emptyDir`, `hostPath`, `secret`, `persistentVolumeClaim`. */
  readonly kind: string;
  /** Of an emptyDir: whether it is in memory (`medium: Memory`). */
  readonly inMemory: boolean;
  /** The claim of a persistentVolumeClaim, the path of a hostPath; null for others. */
  readonly of: string | null;
}

/** Where a container has a volume (v1.VolumeMount), or a raw one as a device (v1.VolumeDevice). */
export interface VolumeMount {
  readonly volume: string;
  readonly path: string;
}

export function parseVolumes(value: JsonValue | undefined): readonly Volume[] {
  return list(value).flatMap((one) => {
    const volume = object(one);
    const name = text(volume, 'name');
    if (name === undefined) return [];
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    const source = object(volume[kind]);
    return [
      {
        name,
        kind,
        inMemory: kind === 'emptyDir' && text(source, 'medium') === 'Memory',
        of: (kind === 'hostPath' ? text(source, 'path') : text(source, 'claimName')) ?? null,
      },
    ];
  });
}

/** @param key - the field that has the path: `mountPath`, or `devicePath` of a device */
export function parseVolumeMounts(
  value: JsonValue | undefined,
  key: 'mountPath' | 'devicePath' = 'mountPath',
): readonly VolumeMount[] {
  return list(value).flatMap((one) => {
    const [volume, path] = [text(one, 'name'), text(one, key)];
    return volume === undefined || path === undefined ? [] : [{ volume, path }];
  });
}
