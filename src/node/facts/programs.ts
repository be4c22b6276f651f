import { posix } from 'node:path';
import { findProcess } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import type { RuntimeKind } from './runtime-settings.js';

/** A default of systemd's services, and of most daemons without a PATH of their own. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The PATH in which a runtime looks for programs: that of its process, else systemd's default. */
export async function runtimePath(
  host: HostRoot,
  kind: RuntimeKind,
): Promise<{ readonly directories: readonly string[]; readonly from: string }> {
  const names = kind === 'cri-o' ? ['crio'] : kind === 'cri-dockerd' ? ['dockerd'] : ['containerd'];
  const process = await findProcess(host, new Set(names));
  if (process !== undefined) {
    const environment = await host.readText(`/proc/${process.pid}/environ`, 1 << 20);
    const path = environment.ok
      ? environment.value.split('\0').find((variable) => variable.startsWith('PATH='))
      : undefined;
    if (path !== undefined) {
      return {
        directories: path.slice(5).split(':'),
        from: `the PATH of ${process.name} (PID ${process.pid})`,
      };
    }
  }
  return { directories: DEFAULT_PATH.split(':'), from: "systemd's default PATH" };
}

/** The first program of that name in those directories, as a path inside the root. */
export async function findProgram(
  host: HostRoot,
  name: string,
  directories: readonly string[],
): Promise<string | undefined> {
  if (name.includes('/')) return (await isProgram(host, name)) ? name : undefined;
  for (const directory of directories) {
    const path = posix.join(directory, name);
    if (directory.startsWith('/') && (await isProgram(host, path))) return path;
  }
  return undefined;
}

async function isProgram(host: HostRoot, path: string): Promise<boolean> {
  const facts = await host.stat(path);
  return facts.ok && facts.value.kind === 'file' && (facts.value.mode & 0o111) !== 0;
}
