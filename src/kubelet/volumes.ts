import { fields, list, text } from './json.js';

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

export function parseVolumes(value: unknown): readonly Volume[] {
  return list(value).flatMap((one) => {
    const volume = fields(one);
    const name = text(volume['name']);
    if (name === undefined) return [];
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    const source = fields(volume[kind]);
    return [
      {
        name,
        kind,
        inMemory: kind === 'emptyDir' && text(source['medium']) === 'Memory',
        of: (kind === 'hostPath' ? text(source['path']) : text(source['claimName'])) ?? null,
      },
    ];
  });
}

/** @param key - the field that has the path: `mountPath`, or `devicePath` of a device */
export function parseVolumeMounts(
  value: unknown,
  key: 'mountPath' | 'devicePath' = 'mountPath',
): readonly VolumeMount[] {
  return list(value).flatMap((one) => {
    const mount = fields(one);
    const [volume, path] = [text(mount['name']), text(mount[key])];
    return volume === undefined || path === undefined ? [] : [{ volume, path }];
  });
}
