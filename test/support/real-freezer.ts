import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A process in a cgroup of its own that bears a container's ID, in a freezer of this machine's kernel. */
export interface RealContainer {
  readonly id: string;
  readonly cgroup: string;
  readonly pid: number;
  freeze(): Promise<void>;
  isFrozen(): boolean;
  end(): Promise<void>;
}

const PLACES = { 1: ['/sys/fs/cgroup/freezer'], 2: ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'] } as const;

/** Where the freezer of a version is, if this user can use it. */
export function usableFreezer(version: 1 | 2): string | undefined {
  return PLACES[version].find((top) => {
    const name = join(top, `coldcase-probe-${randomBytes(4).toString('hex')}`);
    try {
      mkdirSync(name);
      const usable = existsSync(join(name, version === 1 ? 'freezer.state' : 'cgroup.freeze'));
      rmdirSync(name);
      return usable;
    } catch {
      return false;
    }
  });
}

export async function realContainer(version: 1 | 2, top: string): Promise<RealContainer> {
  const id = randomBytes(32).toString('hex');
  const cgroup = join(top, `cri-containerd-${id}.scope`);
  mkdirSync(cgroup);
  const child: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const pid = child.pid ?? 0;
  writeFileSync(join(cgroup, 'cgroup.procs'), String(pid));
  const [file, on, off] = version === 1 ? ['freezer.state', 'FROZEN', 'THAWED'] : ['cgroup.freeze', '1', '0'];
  const path = join(cgroup, file);
  const frozen = (): boolean =>
    version === 1
      ? readFileSync(path, 'utf8').startsWith('FROZEN')
      : readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('frozen 1');
  return {
    id,
    cgroup,
    pid,
    async freeze() {
      writeFileSync(path, on);
      while (!frozen()) await wait(10);
    },
    isFrozen: frozen,
    async end() {
      writeFileSync(path, off);
      child.kill('SIGKILL');
      await ended;
      for (;;) {
        try {
          return rmdirSync(cgroup);
        } catch {
          await wait(10); // the kernel still counts the process
        }
      }
    },
  };
}
