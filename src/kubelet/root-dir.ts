import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export const DEFAULT_ROOT_DIR = '/var/lib/kubelet';

/**
 * The `--root-dir` of the kubelet that runs on this node, read from its command line; undefined when none is found or
 * it has the default. Only a process of root in our own mount and PID namespaces counts: any container may call a
 * process of its own `kubelet`.
 *
 * @param proc - where procfs is, for tests
 */
export async function runningRootDir(proc = '/proc'): Promise<string | undefined> {
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const ours = await namespaces(join(proc, 'self')).catch(() => undefined);
  if (ours === undefined) return undefined; // no procfs here
  for (const pid of pids) {
    try {
      if ((await readFile(join(proc, pid, 'comm'), 'utf8')).trim() !== 'kubelet') continue;
      const status = await readFile(join(proc, pid, 'status'), 'utf8');
      if (!/^Uid:\s+0\s+0\s+0\s+0$/m.test(status)) continue;
      if ((await namespaces(join(proc, pid))) !== ours) continue;
      const words = (await readFile(join(proc, pid, 'cmdline'), 'utf8')).split('\0');
      return rootDirOf(words);
    } catch {
      // it ended meanwhile, or is not ours to look at
    }
  }
  return undefined;
}

async function namespaces(process: string): Promise<string> {
  return `${await readlink(join(process, 'ns/mnt'))} ${await readlink(join(process, 'ns/pid'))}`;
}

function rootDirOf(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const [, value] = /^--?root-dir=(.+)$/.exec(word) ?? [];
    const path = value ?? (/^--?root-dir$/.test(word) ? words[index + 1] : undefined);
    if (path?.startsWith('/')) return path;
  }
  return undefined;
}
