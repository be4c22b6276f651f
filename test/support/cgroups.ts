import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fakeProcess } from './processes.js';

/** A container in a made-up cgroup tree below a host root, which can be frozen as an engine does it. */
export interface FakeContainer {
  readonly id: string;
  /** The directory that bears its ID, inside the root. */
  readonly cgroup: string;
  freeze(): void;
  thaw(): void;
  /** CRIU traces its process, or does so no more. */
  trace(on: boolean): void;
  /** Its processes end, and the engine removes its cgroup. */
  exit(): void;
}

export interface FakeOptions {
  readonly id: string;
  readonly version: 1 | 2;
  /** The path in the hierarchy up to the part that bears the ID; default systemd's name for containerd. */
  readonly path?: string;
  /** Below it, as crun makes one with systemd. */
  readonly below?: string;
  readonly pid?: number;
  /** KiB of anonymous memory. */
  readonly memory?: number;
}

const V1 = '35 30 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n';
const V2 = '31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const POD = '/kubepods.slice/kubepods-pod0f8fad5b.slice';

/** Writes the files that the kernel would show: /proc/PID/cgroup, mountinfo, and the freezer's own. */
export function fakeContainer(root: string, options: FakeOptions): FakeContainer {
  const { id, version, pid = 4000 } = options;
  const own = options.path ?? `${POD}/cri-containerd-${id}.scope`;
  const path = options.below === undefined ? own : `${own}/${options.below}`;
  const top = version === 1 ? '/sys/fs/cgroup/freezer' : '/sys/fs/cgroup';
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  put('proc/1/cgroup', version === 1 ? '6:freezer:/init.scope\n0::/init.scope\n' : '0::/init.scope\n');
  put('proc/1/mountinfo', version === 1 ? V1 : V2);
  put(`proc/${pid}/cgroup`, version === 1 ? `6:freezer:${path}\n1:name=systemd:${path}\n` : `0::${path}\n`);
  // its root has no upper directory: nothing of it can have changed
  put(`proc/${pid}/mountinfo`, '200 1 0:46 / / ro - overlay overlay ro,lowerdir=/l\n');
  const trace = (tracer: number): void =>
    put(
      `proc/${pid}/status`,
      `Name:\tapi\nTracerPid:\t${tracer}\nRssAnon:\t${options.memory ?? 204_800} kB\n`,
    );
  trace(0);
  const set = (on: boolean): void => {
    for (let at = path; at !== '/'; at = dirname(at)) {
      const inside = at === own || at.startsWith(`${own}/`);
      setFreezer(root, top + at, version, { own: on && at === own, effective: on && inside });
    }
  };
  set(false);
  return {
    id,
    cgroup: top + own,
    freeze: () => set(true),
    thaw: () => set(false),
    trace(on) {
      if (on) fakeProcess(root, 72, { comm: 'criu', exe: '/usr/sbin/criu' });
      trace(on ? 72 : 0);
    },
    exit() {
      rmSync(join(root, 'proc', String(pid)), { recursive: true });
      rmSync(join(root, top, own), { recursive: true });
    },
  };
}

/** The freezer's files of one cgroup: what it was told itself, and what is in effect. */
export function setFreezer(
  root: string,
  directory: string,
  version: 1 | 2,
  frozen: { readonly own: boolean; readonly effective: boolean; readonly complete?: boolean },
): void {
  const bit = (on: boolean): string => (on ? '1\n' : '0\n');
  const complete = frozen.complete ?? true;
  mkdirSync(join(root, directory), { recursive: true });
  const files: Record<string, string> =
    version === 1
      ? {
          'freezer.state': frozen.effective ? (complete ? 'FROZEN\n' : 'FREEZING\n') : 'THAWED\n',
          'freezer.self_freezing': bit(frozen.own),
          'freezer.parent_freezing': bit(frozen.effective && !frozen.own),
        }
      : {
          'cgroup.events': `populated 1\nfrozen ${bit(frozen.effective && complete)}`,
          'cgroup.freeze': bit(frozen.own),
        };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, directory, name), text);
}
