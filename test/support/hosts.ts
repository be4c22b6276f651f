import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** The fixture roots: what a kubeadm node, a k3s node, a node with drop-ins and a bare machine look like. */
export type HostFixture = 'kubeadm' | 'k3s' | 'dropins' | 'bare';

/** The directory of a fixture root, to be read only. */
export function hostFixture(name: HostFixture): string {
  return new URL(`../fixtures/hosts/${name}`, import.meta.url).pathname;
}

const made: string[] = [];

/** A copy of a fixture root that a test may change (sockets, modes, links); removed after the file's tests. */
export async function hostCopy(name: HostFixture): Promise<string> {
  const copy = await emptyHost();
  await cp(hostFixture(name), copy, { recursive: true });
  return copy;
}

/** An empty host root; removed after the file's tests. */
export async function emptyHost(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'coldcase-host-'));
  made.push(directory);
  return directory;
}

afterAll(async () => {
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
});
