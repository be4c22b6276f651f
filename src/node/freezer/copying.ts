import { posix } from 'node:path';
import { holdsOpen } from '../host/open-files.js';
import { ownProcesses } from '../host/own-processes.js';
import type { HostRoot } from '../host/root.js';
import { findEngineRoots } from '../leftovers/engine-roots.js';

const MOST_INGESTS = 1000;
/** A file that has not been written to for that long, and that its engine has not open, has nobody at work in it; milliseconds. */
const FRESH = 3000;

/**
 * The engine that copies a container's images out of its directory, or packs them into the archive; it keeps the
 * container frozen meanwhile. Wherever the node's engines keep their data.
 */
export async function copying(host: HostRoot, id: string): Promise<string | undefined> {
  const { containerd, storage } = await findEngineRoots(host);
  return (await ingesting(host, containerd)) ?? (await packing(host, storage, id));
}

/** Of any container, for an ingest names only the folder that it is copied from; it is over in a moment. */
async function ingesting(host: HostRoot, roots: readonly string[]): Promise<string | undefined> {
  for (const root of roots) {
    const directory = posix.join(root, 'io.containerd.content.v1.content/ingest');
    const names = await host.list(directory);
    for (const name of names.ok ? names.value.slice(0, MOST_INGESTS) : []) {
      const ref = await host.readText(posix.join(directory, name, 'ref'), 4096);
      if (!ref.ok || !ref.value.includes('ctrd-checkpoint')) continue;
      if (await atWorkOn(host, 'containerd', posix.join(directory, name, 'data')))
        return `containerd, which copies images (${name})`;
    }
  }
  return undefined;
}

/** CRI-O packs what is in `userdata` of the container, file by file, and removes it at the end. */
async function packing(host: HostRoot, roots: readonly string[], id: string): Promise<string | undefined> {
  for (const root of roots) {
    const names = await host.list(root);
    for (const layers of names.ok ? names.value.filter((name) => /^[a-z0-9]+-containers$/.test(name)) : []) {
      const userdata = posix.join(root, layers, id, 'userdata');
      for (const piece of ['checkpoint', 'rootfs-diff.tar']) {
        const path = posix.join(userdata, piece);
        if (await atWorkOn(host, 'crio', path)) return 'CRI-O, which packs images';
      }
    }
  }
  return undefined;
}

async function atWorkOn(host: HostRoot, engine: string, path: string): Promise<boolean> {
  const facts = await host.stat(path);
  if (!facts.ok) return false;
  if (Date.now() - facts.value.mtime.getTime() < FRESH) return true;
  for await (const { pid } of ownProcesses(host, new Set([engine]))) {
    if (await holdsOpen(host, pid, path)) return true;
  }
  return false;
}
