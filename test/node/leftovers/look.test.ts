import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HostRoot } from '../../../src/node/host/root.js';
import { findEngineRoots } from '../../../src/node/leftovers/engine-roots.js';
import { type Leftovers, lookForLeftovers } from '../../../src/node/leftovers/look.js';
import { NOBODY } from '../../support/coldcase.js';
import { emptyHost, hostCopy } from '../../support/hosts.js';
import { CONTAINERD_ID, CRIO_ID, leaveBehind, SIZES } from '../../support/leftovers.js';
import { fakeProcess } from '../../support/processes.js';

const root = process.getuid?.() === 0;
const own = { checkpointDirectory: '/var/lib/kubelet/checkpoints' };

async function look(directory: string): Promise<Leftovers> {
  return lookForLeftovers(await HostRoot.open(directory), own);
}

test('every place where an engine leaves plaintext, and nothing that only looks so', async () => {
  const host = await emptyHost();
  await leaveBehind(host);
  const { found, unread } = await look(host);
  expect(unread).toEqual([]);
  const facts = found.map(({ path, kind, engine, size }) => [kind, engine, size, path]);
  const store = '/var/lib/containerd/io.containerd.content.v1.content';
  expect(facts).toEqual([
    ['criu-images', 'containerd', SIZES.images, '/tmp/ctrd-checkpoint2718281828'],
    [
      'container-state',
      'containerd',
      SIZES.state,
      `/var/lib/containerd/io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/ctrd-checkpoint`,
    ],
    [
      'container-userdata',
      'cri-o',
      SIZES.userdata,
      `/var/lib/containers/storage/overlay-containers/${CRIO_ID}/userdata/checkpoint`,
    ],
    ['content-ingest', 'containerd', SIZES.ingest, `${store}/ingest/${'ab'.repeat(32)}`],
    ['content-blob', 'containerd', 1536, `${store}/blobs/sha256/${'ef'.repeat(32)}`],
    [
      'coldcase-partial',
      'coldcase',
      SIZES.partial,
      '/var/lib/kubelet/checkpoints/.checkpoint-a_b-c.tar.zst.age.0123456789ab.partial',
    ],
  ]);
  for (const { changed } of found) expect(Math.abs(Date.now() - changed.getTime())).toBeLessThan(3_600_000);
  // containerd's own database knows its blobs: a name that is gone there would break it
  expect(found.find(({ kind }) => kind === 'content-blob')?.obstacle).toContain('ctr -n k8s.io images');
});

test('the places follow the configuration: roots, temp, the environment of the unit and of the process', async () => {
  const host = await hostCopy('k3s');
  const put = async (path: string, content: string): Promise<void> => {
    await mkdir(join(host, path, '..'), { recursive: true });
    await writeFile(join(host, path), content);
  };
  await put(
    'var/lib/rancher/k3s/agent/etc/containerd/config.toml',
    'version = 3\nroot = "/data/ctd"\ntemp = "/data/tmp"\n',
  );
  fakeProcess(host, 4242, {
    comm: 'containerd',
    words: ['containerd', '--root', '/flag/root'],
    environ: { PATH: '/bin', TMPDIR: '/env/tmp' },
    exe: '/var/lib/rancher/k3s/data/0a1b/bin/k3s', // which is containerd too, by another name
  });
  await put(
    'etc/systemd/system/k3s.service.d/10-tmp.conf',
    '[Service]\nEnvironment=XDG_RUNTIME_DIR=/unit/run\n',
  );
  await put('etc/containers/storage.conf', '[storage]\ngraphroot = "/data/graph"\n');
  await put('etc/crio/crio.conf', '[crio]\nroot = "/data/crio"\n');
  const state = `io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/ctrd-checkpoint`;
  const expected = [
    '/data/tmp/ctrd-checkpoint1',
    '/env/tmp/ctrd-checkpoint2',
    '/unit/run/ctrd-checkpoint3',
    '/tmp/systemd-private-0a1b-containerd.service-Xy/tmp/ctrd-checkpoint4',
    `/data/ctd/${state}`,
    `/flag/root/${state}`,
    `/var/lib/rancher/k3s/agent/containerd/${state}`,
  ];
  for (const path of expected) await put(`${path}/pages-1.img`, 'x');
  for (const at of ['/data/graph', '/data/crio']) {
    await put(`${at}/overlay-containers/${CRIO_ID}/userdata/config.json`, '"io.kubernetes.cri-o.Name"');
    await put(`${at}/overlay-containers/${CRIO_ID}/userdata/rootfs-diff.tar`, 'x');
    expected.push(`${at}/overlay-containers/${CRIO_ID}/userdata/rootfs-diff.tar`);
  }
  const { found } = await look(host);
  expect(found.map(({ path }) => path).sort()).toEqual(expected.sort());
});

test('two ways to one place give it once; what is no directory is told', async () => {
  const host = await emptyHost();
  await mkdir(join(host, 'data/containerd'), { recursive: true });
  await mkdir(join(host, 'var/lib/rancher/k3s/agent'), { recursive: true });
  await symlink('/data/containerd', join(host, 'var/lib/containerd'));
  await symlink('/data/containerd', join(host, 'var/lib/rancher/k3s/agent/containerd'));
  const state = `data/containerd/io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/ctrd-checkpoint`;
  await mkdir(join(host, state), { recursive: true });
  await mkdir(join(host, 'tmp'));
  await symlink('/etc', join(host, 'tmp/ctrd-checkpoint99'));
  await writeFile(join(host, 'tmp/ctrd-checkpoint98'), 'a file');
  const { found } = await look(host);
  expect(found.map(({ path }) => path)).toEqual([
    '/tmp/ctrd-checkpoint98',
    '/tmp/ctrd-checkpoint99',
    `/${state}`,
  ]);
  expect(found.map(({ obstacle }) => obstacle?.replace(/belongs to user .*/, 'owner'))).toEqual([
    'is a file, not a directory',
    'is a link, not a directory',
    ...(root ? [undefined] : ['owner']),
  ]);
});

test.skipIf(!root)('what another user made in /tmp is told as theirs (as root)', async () => {
  const host = await emptyHost();
  await mkdir(join(host, 'tmp'));
  await chmod(join(host, 'tmp'), 0o1777);
  for (let number = 0; number < 300; number += 1) {
    await mkdir(join(host, `tmp/ctrd-checkpoint${number}`));
    await chown(join(host, `tmp/ctrd-checkpoint${number}`), NOBODY.uid, NOBODY.gid);
  }
  await mkdir(join(host, 'tmp/ctrd-checkpoint999'));
  const { found, unread } = await look(host);
  expect(found).toHaveLength(9);
  expect(found[0]?.obstacle).toContain(`belongs to user ${NOBODY.uid}`);
  expect(found.find(({ owner }) => owner === 0)?.path).toBe('/tmp/ctrd-checkpoint999');
  expect(unread).toEqual([{ path: '/tmp', why: '292 more ctrd-checkpoint* of other users than root' }]);
});

test('what only bears the name, and what holds something else, is not removed', async () => {
  const host = await emptyHost();
  const put = async (path: string): Promise<void> => {
    await mkdir(join(host, path, '..'), { recursive: true });
    await writeFile(join(host, path), 'x');
  };
  // root's own, called after what it is about
  await put('tmp/ctrd-checkpoint-evidence-case42/notes.txt');
  await put('tmp/ctrd-checkpointX/core-1.img');
  await put('tmp/ctrd-checkpoint1/core-1.img');
  await put('tmp/ctrd-checkpoint1/notes.txt');
  await put('tmp/ctrd-checkpoint2/core-1.img');
  await put('tmp/ctrd-checkpoint2/deep.img/core-2.img');
  await put('tmp/ctrd-checkpoint3/descriptors.json');
  await put('tmp/ctrd-checkpoint3/pages-1.img');
  const { found } = await look(host);
  expect(found.map(({ path, obstacle }) => [path, obstacle]).sort()).toEqual([
    ['/tmp/ctrd-checkpoint1', 'holds notes.txt, which no checkpoint makes'],
    ['/tmp/ctrd-checkpoint2', 'holds deep.img, which no checkpoint makes'],
    ['/tmp/ctrd-checkpoint3', undefined],
  ]);
});

test.skipIf(!root)('no other user says where root looks, and deletes (as root)', async () => {
  const host = await emptyHost();
  const evidence = 'ev/case42/ctrd-checkpoint1/core-1.img';
  await mkdir(join(host, evidence, '..'), { recursive: true });
  await writeFile(join(host, evidence), 'x');
  const environ = { TMPDIR: '/ev/case42', XDG_RUNTIME_DIR: '/ev/case42' };
  fakeProcess(host, 7, { comm: 'containerd', uid: NOBODY.uid, environ });
  fakeProcess(host, 8, { comm: 'containerd', mnt: 4026532998, environ });
  fakeProcess(host, 9, { comm: 'crio', uid: NOBODY.uid, words: ['crio', '--root', '/ev/case42'] });
  // nor does a directory that is called as systemd's are
  const systemds = join(host, 'tmp/systemd-private-0-containerd.service-x');
  await mkdir(systemds, { recursive: true });
  await symlink('/ev/case42', join(systemds, 'tmp'));
  await chown(systemds, NOBODY.uid, NOBODY.gid);
  expect(await look(host)).toEqual({ found: [], unread: [] });
  const roots = await findEngineRoots(await HostRoot.open(host));
  expect(roots.temporary).toEqual(['/tmp']);
  expect(roots.storage).toEqual(['/var/lib/containers/storage']);
});

test.skipIf(!root)("what is another user's is not walked (as root)", async () => {
  const host = await emptyHost();
  const theirs = join(host, 'tmp/ctrd-checkpoint1');
  await mkdir(join(theirs, 'deep'), { recursive: true });
  for (let number = 0; number < 50; number += 1) await writeFile(join(theirs, `deep/${number}`), 'x');
  await chown(theirs, NOBODY.uid, NOBODY.gid);
  const { found } = await look(host);
  expect(found).toMatchObject([{ size: undefined, allocated: undefined, owner: NOBODY.uid }]);
});
