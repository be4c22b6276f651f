import type { Archive } from '../archive/archive.js';
import { readJson } from './engine-metadata.js';

/** A mount that the OCI runtime was asked for. */
export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A device node that the OCI runtime was asked to make. */
export interface SpecDevice {
  readonly path: string;
  /** `b` for a block device, `c` or `u` for a character device, `p` for a FIFO. */
  readonly type: string;
  readonly major: number;
  readonly minor: number;
}

/** What the OCI runtime was asked to run: the parts of spec.dump that an investigator asks about. */
export interface OciSpec {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly noNewPrivileges: boolean;
  readonly capabilities: readonly string[];
  readonly apparmor: string | undefined;
  readonly selinux: string | undefined;
  readonly hostname: string | undefined;
  readonly rootfs: string | undefined;
  readonly rootfsReadonly: boolean;
  readonly mounts: readonly SpecMount[];
  readonly devices: readonly SpecDevice[];
  readonly annotations: ReadonlyMap<string, string>;
  readonly cgroupsPath: string | undefined;
  /** Namespaces by type; those that are joined come with their path: a container without one shares the node's. */
  readonly namespaces: readonly { readonly type: string; readonly path: string | undefined }[];
  /** Whether a seccomp profile was asked for. */
  readonly seccomp: boolean;
}

/** Reads spec.dump (config.json of the OCI runtime specification 1.x); undefined when the archive has none. */
export async function readSpec(archive: Archive): Promise<OciSpec | undefined> {
  const spec = await readJson(archive, 'spec.dump');
  if (spec === undefined) return undefined;
  const process = spec.object('process');
  const linux = spec.object('linux');
  return {
    args: process?.texts('args') ?? [],
    env: process?.texts('env') ?? [],
    cwd: process?.text('cwd'),
    uid: process?.object('user')?.number('uid'),
    gid: process?.object('user')?.number('gid'),
    noNewPrivileges: process?.bool('noNewPrivileges') ?? false,
    capabilities: process?.object('capabilities')?.texts('effective') ?? [],
    apparmor: process?.text('apparmorProfile'),
    selinux: process?.text('selinuxLabel'),
    hostname: spec.text('hostname'),
    rootfs: spec.object('root')?.text('path'),
    rootfsReadonly: spec.object('root')?.bool('readonly') ?? false,
    mounts: spec.objects('mounts').map((mount) => ({
      destination: mount.text('destination') ?? '',
      type: mount.text('type') ?? '',
      source: mount.text('source') ?? '',
      options: mount.texts('options'),
    })),
    devices: (linux?.objects('devices') ?? []).map((device) => ({
      path: device.text('path') ?? '',
      type: device.text('type') ?? '',
      major: device.number('major') ?? 0,
      minor: device.number('minor') ?? 0,
    })),
    annotations: spec.textMap('annotations'),
    cgroupsPath: linux?.text('cgroupsPath'),
    namespaces: (linux?.objects('namespaces') ?? []).map((namespace) => ({
      type: namespace.text('type') ?? '',
      path: namespace.text('path'),
    })),
    seccomp: linux?.object('seccomp') !== undefined,
  };
}
