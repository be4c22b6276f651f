import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKubeletConfig } from '../../../src/node/config/kubelet.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { inspectPaths, type PathReport } from '../../../src/node/paths/inspect.js';
import { hostCopy, hostFixture } from '../../support/hosts.js';

const root = process.getuid?.() === 0;

async function reports(directory: string, now?: Date): Promise<ReadonlyMap<string, PathReport>> {
  const host = await HostRoot.open(directory);
  const found = await inspectPaths(host, await loadKubeletConfig(host), now);
  return new Map(found.map((report) => [report.path, report] as const));
}

test('every path of the reference is looked at, where this node has it', async () => {
  const found = await reports(hostFixture('kubeadm'));
  for (const path of [
    '/usr/lib/systemd/system/kubelet.service',
    '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf',
    '/var/lib/kubelet/kubeadm-flags.env',
    '/etc/default/kubelet',
    '/var/lib/kubelet/config.yaml',
    '/etc/kubernetes/kubelet.conf',
    '/etc/kubernetes/bootstrap-kubelet.conf',
    '/var/lib/kubelet/pki',
    '/var/lib/kubelet/pki/kubelet-client-current.pem',
    '/var/lib/kubelet/pki/kubelet.crt',
    '/etc/kubernetes/pki/ca.crt',
    '/etc/kubernetes/manifests',
    '/etc/kubernetes/manifests/kube-apiserver.yaml',
    '/var/lib/kubelet/cpu_manager_state',
    '/var/lib/kubelet/memory_manager_state',
    '/var/lib/kubelet/dra_manager_state',
    '/var/lib/kubelet/allocated_pods_state',
    '/var/lib/kubelet/actuated_pods_state',
    '/var/lib/kubelet/device-plugins',
    '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint',
    '/var/lib/kubelet/pod-resources',
    '/var/lib/kubelet/plugins_registry',
    '/var/lib/kubelet/graceful_node_shutdown_state',
    '/var/lib/kubelet/image_manager/pulling',
    '/var/lib/kubelet/image_manager/pulled',
    '/var/lib/kubelet/seccomp',
    '/var/lib/kubelet/checkpoints',
    '/run/containerd/containerd.sock',
    '/var/run/kubelet.lock',
  ]) {
    expect(found.has(path), path).toBe(true);
  }
  expect(found.get('/var/lib/kubelet/config.yaml')).toMatchObject({
    state: 'present',
    kind: 'file',
    mode: expect.stringMatching(/^06[46]4$/),
  });
  expect(found.get('/var/lib/kubelet/config.yaml')?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(found.get('/var/lib/kubelet/pki')).toMatchObject({ state: 'absent', sha256: null });
});

test('state files are parsed', async () => {
  const found = await reports(hostFixture('kubeadm'));
  const content = (name: string) => found.get(`/var/lib/kubelet/${name}`)?.content;
  expect(content('cpu_manager_state')).toMatchObject({
    policyName: 'static',
    defaultCpuSet: '0,3',
    entries: { '8f2c1a6e-95c4-4b7a-a4de-6b13a2f10c77': { api: '1-2' } },
  });
  expect(content('memory_manager_state')).toMatchObject({ policyName: 'None' });
  expect(content('allocated_pods_state')).toHaveProperty('podResourceAllocationInfo');
  expect(content('graceful_node_shutdown_state')).toMatchObject({ startTime: '2026-11-20T04:02:11Z' });
  expect(content('device-plugins/kubelet_internal_checkpoint')).toEqual({
    held: [
      {
        podUid: '8f2c1a6e-95c4-4b7a-a4de-6b13a2f10c77',
        container: 'api',
        resource: 'nvidia.com/gpu',
        devices: ['GPU-5b6f1f3c'],
      },
    ],
    registered: { 'nvidia.com/gpu': ['GPU-5b6f1f3c', 'GPU-77e0a1d2'] },
  });
});

test('other roots and places: k3s, and what flags and configuration say', async () => {
  const k3s = await reports(hostFixture('k3s'));
  expect(k3s.get('/var/lib/rancher/k3s/agent/kubelet/cpu_manager_state')).toMatchObject({ state: 'present' });
  expect(k3s.has('/var/lib/rancher/k3s/agent/serving-kubelet.crt')).toBe(true);
  expect(k3s.has('/run/k3s/containerd/containerd.sock')).toBe(true);
  const dropins = await reports(hostFixture('dropins'));
  expect(dropins.has('/data/kubelet/checkpoints')).toBe(true);
  expect(dropins.get('/etc/kubernetes/kubelet.conf.d/15-more')).toMatchObject({
    odd: expect.arrayContaining(['is a directory, not a file']),
  });
});

test('odd permissions, sockets that are none, broken state, images without their credentials', async () => {
  const copy = await hostCopy('kubeadm');
  const at = (path: string): string => join(copy, path);
  await mkdir(at('var/lib/kubelet/pki'), { recursive: true });
  await writeFile(at('var/lib/kubelet/pki/kubelet.key'), 'not a key');
  await chmod(at('var/lib/kubelet/pki/kubelet.key'), 0o644);
  await chmod(at('var/lib/kubelet/config.yaml'), 0o666);
  await writeFile(at('var/lib/kubelet/cpu_manager_state'), '{"policyName":');
  await mkdir(at('var/lib/kubelet/image_manager/pulled'), { recursive: true });
  await writeFile(
    at('var/lib/kubelet/image_manager/pulled/sha256-aa'),
    '{"kind":"ImagePulledRecord","imageRef":"sha256:aa","credentialMapping":{"registry.example/app":{"kubernetesSecrets":[{"credentialHash":"HASH"}]}}}',
  );
  await mkdir(at('run/containerd'), { recursive: true });
  await writeFile(at('run/containerd/containerd.sock'), '');
  await rm(at('var/lib/kubelet/memory_manager_state'));
  await symlink('/etc/passwd', at('var/lib/kubelet/memory_manager_state'));
  const found = await reports(copy);
  const odd = (path: string): readonly string[] => found.get(path)?.odd ?? [];
  expect(odd('/var/lib/kubelet/pki/kubelet.key')).toContain('not only root can get at it (0644)');
  expect(odd('/var/lib/kubelet/config.yaml')).toContain('everybody may write it');
  expect(odd('/var/lib/kubelet/cpu_manager_state')).toContain('is not the JSON that the kubelet writes');
  expect(odd('/run/containerd/containerd.sock')).toContain('is a file, not a socket');
  expect(found.get('/var/lib/kubelet/memory_manager_state')).toMatchObject({ state: 'absent' });
  const record = found.get('/var/lib/kubelet/image_manager/pulled/sha256-aa');
  expect(record?.content).toMatchObject({ image: 'sha256:aa', images: ['registry.example/app'] });
  expect(JSON.stringify([...found.values()])).not.toContain('HASH');
  if (!root) expect(odd('/etc/default/kubelet').join()).toContain('not by root');
});

test("sockets of device plugins, and a runtime's", async () => {
  const copy = await hostCopy('kubeadm');
  const path = join(copy, 'var/lib/kubelet/device-plugins/kubelet.sock');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.on('listening', resolve));
  try {
    const found = await reports(copy);
    expect(found.get('/var/lib/kubelet/device-plugins/kubelet.sock')).toMatchObject({ kind: 'socket' });
  } finally {
    server.close();
  }
});

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasOpenssl)('certificates and when they end (needs openssl)', async () => {
  const copy = await hostCopy('kubeadm');
  await mkdir(join(copy, 'var/lib/kubelet/pki'), { recursive: true });
  const file = join(copy, 'var/lib/kubelet/pki/kubelet.crt');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/CN=node-a',
      '-keyout',
      '/dev/null',
      '-out',
      file,
    ],
    { stdio: 'ignore' },
  );
  const now = Date.now();
  const at = async (days: number): Promise<PathReport | undefined> =>
    (await reports(copy, new Date(now + days * 86_400_000))).get('/var/lib/kubelet/pki/kubelet.crt');
  expect((await at(0))?.expires).toMatch(/^20\d\d-.*Z$/);
  expect((await at(0))?.odd.join()).not.toContain('certificate');
  expect((await at(25))?.odd.join()).toContain('ends within a week');
  expect((await at(40))?.odd.join()).toContain('its certificate ended');
});

test('a private key that a group may read is odd, too', async () => {
  const root = await hostCopy('kubeadm');
  const directory = join(root, 'var/lib/kubelet/pki');
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'kubelet.key');
  await writeFile(path, 'none');
  const odd = async (mode: number): Promise<readonly string[] | undefined> => {
    await chmod(path, mode);
    const host = await HostRoot.open(root);
    const found = await inspectPaths(host, await loadKubeletConfig(host));
    return found.find((one) => one.path.endsWith('/kubelet.key'))?.odd;
  };
  expect(await odd(0o640)).toContain('not only root can get at it (0640)');
  expect(await odd(0o600)).not.toContain('not only root can get at it (0600)');
});
