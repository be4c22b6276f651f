import { posix } from 'node:path';
import type { ContainerInfo } from './container.js';
import type { Images } from './images.js';
import { mountOptionNames } from './names/flags.js';
import { fileSystemName } from './names/kernel.js';
import type { SpecMount } from './spec.js';

/** A mount of the container. Text is untrusted. */
export interface Mount {
  /** Where it is mounted. */
  readonly destination: string;
  /** The file system, as the kernel had it; of mounts that only the spec has, as that has it. */
  readonly type: string;
  readonly source: string;
  /** What of the file system is mounted there: `/` or a directory or file in it. */
  readonly root: string | undefined;
  readonly options: readonly string[];
  readonly id: number | undefined;
  readonly parent: number | undefined;
  /** `major:minor` */
  readonly device: string | undefined;
  /** Peer groups that mounts are propagated to and from. */
  readonly shared: number | undefined;
  readonly master: number | undefined;
  /** The engine provided it, and must again on restore, under this name. */
  readonly external: string | undefined;
  /** CRIU's id of the mount namespace. */
  readonly namespace: number | undefined;
  /** What the OCI runtime was asked for at the same place: its source is a path on the node. */
  readonly asked: SpecMount | undefined;
}

/** The mounts that the kernel had, in the order of mounting; then those that were asked for and are not there. */
export async function readMounts(images: Images, container: ContainerInfo): Promise<readonly Mount[]> {
  // the kernel has no `/data/`
  const asked = new Map(
    (container.spec?.mounts ?? []).map((mount) => [posix.join('/', mount.destination, '.'), mount]),
  );
  const mounts: Mount[] = [];
  for (const namespace of await images.numbers('mountpoints-')) {
    // CRIU writes the newest mount first
    for (const entry of [...(await images.entries('MNTS', `mountpoints-${namespace}`))].reverse()) {
      mounts.push({
        destination: entry.mountpoint,
        // CRIU does not name file systems that it need not restore, such as those of bind mounts
        type: fileSystemName(entry.fstype, entry.fsname) ?? asked.get(entry.mountpoint)?.type ?? 'unknown',
        source: entry.source,
        root: entry.root,
        options: [
          ...mountOptionNames(entry.flags),
          ...entry.options.split(',').filter((option) => option !== ''),
        ],
        id: entry.mnt_id,
        parent: entry.parent_mnt_id,
        device: `${entry.root_dev >>> 20}:${entry.root_dev & 0xfffff}`,
        shared: nonZero(entry.shared_id),
        master: nonZero(entry.master_id),
        external: entry.ext_key,
        namespace,
        asked: asked.get(entry.mountpoint),
      });
    }
  }
  const there = new Set(mounts.map(({ destination }) => destination));
  const missing = [...asked].filter(([destination]) => !there.has(destination));
  return [...mounts, ...missing.map(([destination, mount]) => askedOnly(destination, mount))];
}

/** The path on the node that is mounted there, of a bind mount that the engine was asked for; empty where it gave none. */
export function hostPathOf({ asked }: Mount): string | undefined {
  const bind = asked?.type === 'bind' || asked?.options.some((one) => one === 'bind' || one === 'rbind');
  return bind === true ? asked?.source : undefined;
}

function askedOnly(destination: string, asked: SpecMount): Mount {
  return {
    destination,
    type: asked.type,
    source: asked.source,
    root: undefined,
    options: asked.options,
    id: undefined,
    parent: undefined,
    device: undefined,
    shared: undefined,
    master: undefined,
    external: undefined,
    namespace: undefined,
    asked,
  };
}

function nonZero(id: number | undefined): number | undefined {
  return id === 0 ? undefined : id;
}
