import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase } from '../support/coldcase.js';
import { captureScene, identity, NAME, SEALED } from '../support/kubelet/capture-scene.js';
import { PODS } from '../support/kubelet/stand-in.js';
import { block, rawHeader } from '../support/raw-tar.js';

const scene = captureScene();
const SHM =
  '/run/containers/storage/overlay-containers/aaa1520293d349e072d2bf1e470d326c8c6333b2af51a9d522a94e2b2525b4e0/userdata/shm';

beforeEach(() => {
  scene.kubelet.state.pods = PODS;
});

test('the receipt names what stays on the node, with its paths there', async () => {
  const { stdout } = await scene.capture();
  expect(stdout).toContain(`not held   /dev/shm, shared memory of the pod: ${SHM}\n`);
  expect(stdout).toContain('not held   /etc/hosts, file of kubelet and runtime: /var/lib/kubelet/pods/');
  // the image by the pod's own word, with its digest
  expect(stdout).toMatch(/not held {3}\/, the image's own layers docker.io\/library\/redis:8 sha256:0{64}: /);
});

test('JSON, record and manifest have the same, and the sealed file verifies', async () => {
  const { stdout } = await scene.capture('--json');
  const { notHeld } = JSON.parse(stdout).captured[0];
  expect(notHeld).toContainEqual({ kind: 'shared memory', path: '/dev/shm', name: null, hostPaths: [SHM] });
  const sealed = join(scene.out, SEALED('cache'));
  expect(JSON.parse(readFileSync(`${sealed}.json`, 'utf8')).capture.notHeld).toEqual(notHeld);
  const key = scene.kubelet.file('key', identity);
  expect(await coldcase(['verify', sealed, '-i', key])).toMatchObject({ code: ExitCode.done });
});

test('a volume has the name that the pod gave it', async () => {
  scene.kubelet.state.pods = PODS.map((pod) => ({
    ...pod,
    spec: {
      volumes: [
        { name: 'fast', emptyDir: { medium: 'Memory' } },
        { name: 'state', persistentVolumeClaim: { claimName: 'state-0' } },
      ],
    },
    containers: pod.containers.map((one) => ({
      ...one,
      spec: {
        volumeMounts: [
          { name: 'fast', mountPath: '/dev/shm' },
          { name: 'state', mountPath: '/etc/hosts/' },
        ],
      },
    })),
  }));
  const { stdout } = await scene.capture();
  expect(stdout).toContain(`not held   /dev/shm, volume emptyDir in memory fast: ${SHM}\n`);
  expect(stdout).toContain('/etc/hosts, volume persistentVolumeClaim state (state-0): ');
});

test("a raw volume has its claim's name, and the node's name of the device; long lists say where all of it is", async () => {
  const host = join(scene.kubelet.root, 'raw');
  mkdirSync(join(host, 'sys/dev/block/8:16'), { recursive: true });
  writeFileSync(join(host, 'sys/dev/block/8:16/uevent'), 'MAJOR=8\nMINOR=16\nDEVNAME=sdb\nDEVTYPE=disk\n');
  scene.kubelet.state.pods = PODS.map((pod) => ({
    ...pod,
    spec: {
      volumes: [
        { name: 'disk', persistentVolumeClaim: { claimName: 'disk-0' } },
        { name: 'state', persistentVolumeClaim: { claimName: 'state-0' } },
      ],
    },
    containers: pod.containers.map((one) => ({
      ...one,
      spec: {
        volumeDevices: [{ name: 'disk', devicePath: '/dev/raw/' }],
        volumeMounts: [{ name: 'state', mountPath: '/data' }],
      },
    })),
  }));
  const spec = {
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/data/', type: 'bind', source: '/var/x', options: ['rbind'] },
      {
        ...{ destination: '/over', type: 'overlay', source: 'overlay' },
        options: ['lowerdir=/a:/b', 'upperdir=/u'],
      },
    ],
    linux: { devices: [{ path: '/dev/raw', type: 'b', major: 8, minor: 16 }] },
  };
  const { checkpoint } = scene.kubelet.state;
  const text = JSON.stringify(spec);
  scene.kubelet.state.checkpoint = async (_namespace, _pod, container) => {
    const path = join(scene.kubelet.checkpoints, NAME(container));
    const tar = [rawHeader({ name: 'spec.dump', size: text.length }), block(text), Buffer.alloc(1024)];
    writeFileSync(path, Buffer.concat(tar), { mode: 0o600 });
    return path;
  };
  const { stdout } = await scene.capture('--host-root', host, '--no-node-context');
  scene.kubelet.state.checkpoint = checkpoint;
  expect(stdout).toContain('/dev/raw, block device persistentVolumeClaim disk (disk-0) 8:16: /dev/sdb\n');
  expect(stdout).toContain('/data, volume persistentVolumeClaim state (state-0): /var/x\n');
  expect(stdout).toContain('/over, file system overlay: /u and 2 more (the manifest and --json have all)\n');
});

test.each([
  ['tells nothing', 'note', 'the archive has no spec.dump'],
  ['is damaged there', 'spec.dump', 'spec.dump'],
])('of an archive that %s, it is not known; the capture goes on', async (_, name, why) => {
  const { checkpoint } = scene.kubelet.state;
  const tar = Buffer.concat([rawHeader({ name, size: 3 }), block('{"a'), Buffer.alloc(1024)]);
  scene.kubelet.state.checkpoint = async (_namespace, _pod, container) => {
    const path = join(scene.kubelet.checkpoints, NAME(container));
    writeFileSync(path, tar, { mode: 0o600 });
    return path;
  };
  const { code, stdout } = await scene.capture('--json');
  const text = await scene.capture('--force');
  scene.kubelet.state.checkpoint = checkpoint;
  expect([code, text.code]).toEqual([ExitCode.done, ExitCode.done]);
  expect(JSON.parse(stdout).captured[0].notHeld).toBeNull();
  expect(text.stdout).toContain(`not held   not known: ${why}`);
});
