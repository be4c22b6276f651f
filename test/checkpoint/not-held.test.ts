import { expect, test } from 'vitest';
import { type NotHeld, notHeld } from '../../src/checkpoint/not-held.js';
import { sampleCheckpoint } from '../support/checkpoint.js';
import { syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

/** `kind path name host paths` of each. */
function lines(items: readonly NotHeld[] | undefined): readonly string[] | undefined {
  return items?.map(
    ({ kind, path, name, hostPaths }) => `${kind} ${path} ${name ?? '-'} ${hostPaths.join(' ')}`,
  );
}

const CONTAINERD = '/var/lib/containerd/io.containerd';
const SANDBOX = 'sandboxes/6322fa51c742e34e687fbf58a85ef64ad6ab0a4c45924a7a0bade670286d08e4';

test('containerd: layers of the image, the files of the kubelet, and /dev/shm, which is in no image', async () => {
  expect(lines(await notHeld(await sampleCheckpoint('containerd-redis')))).toEqual([
    `image / localhost/wl:latest sha256:7d696c4d90ec116b0b3bd593ac78001349d8557a5d3ba5955a675792170971ab ${CONTAINERD}.snapshotter.v1.overlayfs/snapshots/15/fs`,
    'engine file /etc/hosts - /var/lib/kubelet/pods/f2fae312886a278f38a56a35ffa76058/etc-hosts',
    'engine file /dev/termination-log - /var/lib/kubelet/pods/f2fae312886a278f38a56a35ffa76058/containers/cache/19c2ca05',
    `engine file /etc/hostname - ${CONTAINERD}.grpc.v1.cri/${SANDBOX}/hostname`,
    `engine file /etc/resolv.conf - ${CONTAINERD}.grpc.v1.cri/${SANDBOX}/resolv.conf`,
    `shared memory /dev/shm - /run/containerd/io.containerd.grpc.v1.cri/${SANDBOX}/shm`,
  ]);
});

test('CRI-O does not hold /dev/shm, Podman does', async () => {
  const crio = await notHeld(await sampleCheckpoint('crio-looper'));
  expect(crio?.map(({ path }) => path)).toEqual([
    '/',
    ...['/dev/shm', '/etc/resolv.conf', '/etc/hostname', '/run/.containerenv', '/etc/hosts'],
    '/dev/termination-log',
  ]);
  expect(crio?.[0]?.name).toMatch(/^localhost\/bb:latest 88c79934/);
  const podman = await notHeld(await sampleCheckpoint('podman-incident'));
  expect(podman?.some(({ path }) => path === '/dev/shm')).toBe(false);
});

const POD = '/var/lib/kubelet/pods/8f2c1a6e-95c4-4b7a-a4de-6b13a2f10c77';
const bind = (destination: string, source: string, ...options: string[]) => ({
  destination,
  source,
  type: 'bind',
  options: ['rbind', ...options],
});

test('volumes by what the kubelet calls them in its paths; anything else is a path of the node', async () => {
  const checkpoint = syntheticCheckpoint(
    {},
    {
      'spec.dump': {
        root: { path: '/var/lib/containers/merged' },
        mounts: [
          bind('/cache', `${POD}/volumes/kubernetes.io~empty-dir/cache`),
          bind('/token', `${POD}/volumes/kubernetes.io~projected/kube-api-access`),
          bind('/db', `${POD}/volumes/kubernetes.io~csi/pvc-17/mount`),
          bind('/conf/x', `${POD}/volume-subpaths/conf/api/0`),
          bind('/node', '/'),
          bind('/etc/hosts', '/home/evil/hosts'),
          { destination: '/proc', type: 'proc', source: 'proc', options: [] },
          { destination: '/packed', type: 'volume', source: '/v/volumes/kept/_data', options: ['bind'] },
        ],
        linux: {
          devices: [
            { path: '/dev/null', type: 'c', major: 1, minor: 3 },
            { path: '/dev/raw', type: 'b', major: 8, minor: 16 },
          ],
        },
      },
      'volumes/kept.tar': 'x',
    },
  );
  expect(lines(await notHeld(checkpoint))).toEqual([
    'image / - /var/lib/containers/merged',
    `volume /cache emptyDir cache ${POD}/volumes/kubernetes.io~empty-dir/cache`,
    `volume /token projected kube-api-access ${POD}/volumes/kubernetes.io~projected/kube-api-access`,
    `volume /db csi pvc-17 ${POD}/volumes/kubernetes.io~csi/pvc-17/mount`,
    `volume /conf/x part of conf ${POD}/volume-subpaths/conf/api/0`,
    'host path /node - /',
    'host path /etc/hosts - /home/evil/hosts',
    'block device /dev/raw 8:16 ',
  ]);
});

/** The root's overlay, as CRIU has it from the kernel. */
const rootMount = (options: string) => ({
  ...{ 1: 21, 2: 1, 3: 50, 4: 1, 5: 0, 6: '/', 7: '/', 8: 'overlay', 9: options },
});
const STORE = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots';

test.each([
  [
    'absolute',
    `lowerdir=${STORE}/10/fs:${STORE}/9/fs,upperdir=${STORE}/18/fs`,
    `${STORE}/10/fs ${STORE}/9/fs`,
  ],
  ['of many layers', `lowerdir=10/fs:9/fs,upperdir=${STORE}/18/fs,workdir=x`, `${STORE}/10/fs ${STORE}/9/fs`],
  ['of CRI-O', 'lowerdir=l/AB:l/CD,upperdir=/s/overlay/id/diff', '/s/overlay/l/AB /s/overlay/l/CD'],
  ['one by one', 'lowerdir+=/a,lowerdir+=/b,upperdir=/c', '/a /b'],
  ['that tell no place', 'lowerdir=10/fs:/abs,upperdir=18/fs', '/abs'],
  ['that lead elsewhere', 'lowerdir=../x:a/b/c/d,upperdir=/s/18/fs', ''],
])('layers %s are paths on the node, or not told', async (_, options, paths) => {
  const checkpoint = syntheticCheckpoint(
    { 'mountpoints-13': ['MNTS', rootMount(options)] },
    { 'spec.dump': { root: { path: 'rootfs' } } },
  );
  expect(lines(await notHeld(checkpoint))).toEqual([`image / - ${paths}`]);
});

test('whatever file system the engine mounted is named; what the kernel makes up is not', async () => {
  const mount = (destination: string, type: string, source: string, options: string[] = []) => ({
    ...{ destination, type, source, options },
  });
  const mounts = [
    mount('/nfs', 'nfs', 'server:/export'),
    mount('/ext4', 'ext4', '/dev/sdb1'),
    mount('/over', 'overlay', 'overlay', ['lowerdir=/a:/b', 'upperdir=/u']),
    mount('/huge', 'hugetlbfs', 'hugetlbfs'),
    mount('/none', 'none', '/srv/x', ['ro']),
    mount('/fuse', 'fuse.sshfs', 'me@host:'),
    mount('/sys', 'sysfs', 'sysfs'),
    mount('/dev/mqueue', 'mqueue', 'mqueue'),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup'),
  ];
  expect(lines(await notHeld(syntheticCheckpoint({}, { 'spec.dump': { mounts } })))?.slice(1)).toEqual([
    'file system /nfs nfs server:/export ',
    'file system /ext4 ext4 /dev/sdb1',
    'file system /over overlay /u /a /b',
    'file system /huge hugetlbfs ',
    'file system /none none /srv/x',
    'file system /fuse fuse.sshfs me@host: ',
  ]);
});

test('a bind of nothing has no path; a slash at the end means the same place', async () => {
  const mounts = [bind('/nosrc', ''), bind('/data/', '/srv/data')];
  const entry = { 1: 16, 2: 1, 3: 9, 4: 1, 5: 0, 6: '/', 7: '/data', 8: '/srv', 9: '' };
  const checkpoint = syntheticCheckpoint({ 'mountpoints-13': ['MNTS', entry] }, { 'spec.dump': { mounts } });
  const found = await notHeld(checkpoint);
  expect(lines(found)?.slice(1)).toEqual(['host path /data - /srv/data', 'host path /nosrc - ']);
  expect(found?.at(-1)?.hostPaths).toEqual([]);
});

test('a tmpfs is held when CRIU packed it', async () => {
  const mount = (destination: string, device: number) => ({
    ...{ 1: 16, 2: 1, 3: device, 4: 1, 5: 0, 6: '/', 7: destination, 8: 'tmpfs', 9: 'size=1' },
  });
  const checkpoint = syntheticCheckpoint(
    { 'mountpoints-13': ['MNTS', mount('/held', 77), mount('/gone', 78)] },
    {
      'spec.dump': {
        mounts: ['/held', '/gone'].map((destination) => ({ destination, type: 'tmpfs', source: 'tmpfs' })),
      },
      'checkpoint/tmpfs-dev-77.tar.gz.img': 'x',
    },
  );
  expect(lines(await notHeld(checkpoint))?.slice(1)).toEqual(['tmpfs /gone - ']);
});

test('without spec.dump it is not known, and not told as nothing', async () => {
  expect(await notHeld(syntheticCheckpoint({}))).toBeUndefined();
});

test('more than any container has is an error, not half an answer', async () => {
  const mounts = Array.from({ length: 1000 }, (_, n) => bind(`/${n}${'x'.repeat(600)}`, '/y'));
  const checkpoint = syntheticCheckpoint({}, { 'spec.dump': { mounts } });
  await expect(notHeld(checkpoint)).rejects.toThrow('more mounts than any container');
});
