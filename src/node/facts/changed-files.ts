import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { posix } from 'node:path';
import { describe } from '../host/found.js';
import type { HostRoot } from '../host/root.js';
import { findEngineRoots } from '../leftovers/engine-roots.js';
import { decodeOctal, parseMountInfo } from './mounts.js';

/** What a container changed in its root file system: engines pack it into every checkpoint. */
export interface ChangedFiles {
  /** Bytes, holes among them: a tar has them as zeros. */
  readonly size: number;
  /** Files, directories and all else. */
  readonly files: number;
  /** Why that is not all of it; null when it is. */
  readonly missing: string | null;
}

/** What looking may cost: entries, and milliseconds. */
const MOST_ENTRIES = 200_000;
const MOST_TIME = 5000;

/**
 * Counts what is in the upper directory of the overlay that is a container's root, as the mounts of its processes have
 * it. The container writes there meanwhile, and may be hostile: links are not followed, and looking is bounded.
 *
 * @param pids - processes of the container; the first that tells its mounts counts
 */
export async function changedFiles(host: HostRoot, pids: readonly number[]): Promise<ChangedFiles> {
  const nothing = (why: string): ChangedFiles => ({ size: 0, files: 0, missing: why });
  const root = await rootMount(host, pids);
  if (root === undefined) return nothing('its mounts are not to be seen');
  if (root.type !== 'overlay') return nothing(`its root is no overlay but ${root.type}`);
  const upper = root.options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
  // an overlay of lower directories alone cannot be changed
  if (upper === undefined) return { size: 0, files: 0, missing: null };
  const path = await absolute(host, decodeOctal(upper));
  const real = path === undefined ? undefined : await host.real(path);
  if (real?.ok !== true) return nothing(`${path ?? upper} is not to be seen`);
  return count(real.value);
}

async function rootMount(host: HostRoot, pids: readonly number[]) {
  for (const pid of pids.slice(0, 16)) {
    const text = await host.readText(`/proc/${pid}/mountinfo`, 16 << 20);
    // the last one mounted there is the one that is seen
    const root = text.ok ? parseMountInfo(text.value).findLast(({ point }) => point === '/') : undefined;
    if (root !== undefined) return root;
  }
  return undefined;
}

/** Engines that mount very many layers name them from where they keep them: `18/fs`, `ID/diff`. */
async function absolute(host: HostRoot, path: string): Promise<string | undefined> {
  if (path.startsWith('/')) return path;
  const { containerd, storage } = await findEngineRoots(host);
  const stores = [
    ...containerd.map((root) => posix.join(root, 'io.containerd.snapshotter.v1.overlayfs/snapshots')),
    ...storage.map((root) => posix.join(root, 'overlay')),
  ];
  for (const store of stores) {
    if (await host.exists(posix.join(store, path))) return posix.join(store, path);
  }
  return undefined;
}

/** What is counted, and what bounds it. */
class Count {
  readonly #until = performance.now() + MOST_TIME;
  readonly #linked = new Set<number>();
  size = 0;
  files = 0;
  missing: string | null = null;

  get full(): boolean {
    return this.files >= MOST_ENTRIES || performance.now() > this.#until;
  }

  /** A file of several names is packed once. */
  add({ size, nlink, ino }: Stats): void {
    if (nlink > 1 && this.#linked.has(ino)) return;
    if (nlink > 1) this.#linked.add(ino);
    this.size += size;
  }

  /** What is gone meanwhile is the container's to remove. */
  failed(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      this.missing = `not all can be looked at: ${describe(error)}`;
  }
}

async function count(top: string): Promise<ChangedFiles> {
  const counted = new Count();
  const pending = [Buffer.from(top)];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    try {
      // latin1 keeps every byte of a name: a name need be no UTF-8
      for await (const entry of await opendir(at, { encoding: 'latin1' })) {
        if (counted.full) return { ...counted, missing: `there are more than ${counted.files} files` };
        counted.files += 1;
        const path = Buffer.concat([at, Buffer.from('/'), Buffer.from(entry.name, 'latin1')]);
        if (entry.isDirectory()) pending.push(path);
        if (entry.isFile())
          await lstat(path).then(
            (facts) => counted.add(facts),
            (error: unknown) => counted.failed(error),
          );
      }
    } catch (error) {
      counted.failed(error);
    }
  }
  return { ...counted };
}
