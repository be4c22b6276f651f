import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChangedFiles, changedFiles } from '../../src/node/facts/changed-files.js';
import { HostRoot } from '../../src/node/host/root.js';
import { emptyHost } from '../support/hosts.js';

const SNAPSHOTS = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots';

/** What is counted of a container whose process has these mounts. */
async function counted(root: string, mountinfo: string | undefined): Promise<ChangedFiles> {
  await mkdir(join(root, 'proc/20'), { recursive: true });
  if (mountinfo !== undefined) await writeFile(join(root, 'proc/20/mountinfo'), mountinfo);
  return changedFiles(await HostRoot.open(root), [19, 20]);
}

const overlay = (options: string): string =>
  `201 200 0:50 / /data rw - ext4 /dev/sdb rw\n200 1 0:46 / / rw - overlay overlay rw,lowerdir=/l,${options}\n`;

/** An upper directory with 1,000 bytes in four entries, and more that is none of it. */
async function upperDirectory(root: string, path: string): Promise<void> {
  const upper = join(root, path);
  await mkdir(join(upper, 'var'), { recursive: true });
  await writeFile(join(upper, 'var/log'), '');
  // a hole is zeros in a tar
  await truncate(join(upper, 'var/log'), 1000);
  await link(join(upper, 'var/log'), join(upper, 'var/again'));
  await writeFile(join(root, 'outside'), 'x'.repeat(5000));
  await symlink(join(root, 'outside'), join(upper, 'link'));
  await symlink('/', join(upper, 'all'));
}

test('everything in the upper directory; links are not followed, and other names count no bytes', async () => {
  const root = await emptyHost();
  await upperDirectory(root, '/s/18/f,s');
  expect(await counted(root, overlay('upperdir=/s/18/f\\054s,workdir=/w'))).toEqual({
    size: 1000,
    files: 5,
    missing: null,
  });
});

test('names that are no UTF-8 hide nothing', async () => {
  const root = await emptyHost();
  const directory = Buffer.from(`${join(root, 'u')}/\xff`, 'latin1');
  await mkdir(directory, { recursive: true });
  await writeFile(Buffer.concat([directory, Buffer.from('/\xfe', 'latin1')]), 'x'.repeat(77));
  expect(await counted(root, overlay('upperdir=/u'))).toEqual({ size: 77, files: 2, missing: null });
});

test('a path that the engine gave from where it keeps its layers', async () => {
  const root = await emptyHost();
  await upperDirectory(root, `${SNAPSHOTS}/18/fs`);
  expect(await counted(root, overlay('upperdir=18/fs'))).toMatchObject({ size: 1000, missing: null });
});

test('an overlay without an upper directory has no changes', async () => {
  expect(await counted(await emptyHost(), overlay('index=off'))).toEqual({
    size: 0,
    files: 0,
    missing: null,
  });
});

test.each([
  ['no mounts', undefined, 'its mounts are not to be seen'],
  [
    'another file system',
    '200 1 0:46 / / rw - btrfs /dev/sda rw,subvol=/x\n',
    'its root is no overlay but btrfs',
  ],
  ['a directory that is not there', overlay('upperdir=/nowhere'), '/nowhere is not to be seen'],
])('of %s it is not known, and not nothing', async (_, mountinfo, missing) => {
  expect(await counted(await emptyHost(), mountinfo)).toEqual({ size: 0, files: 0, missing });
});
