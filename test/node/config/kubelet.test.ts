import { cp, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { runningRootDir } from '../../../src/node/config/discover.js';
import { parseConfigText } from '../../../src/node/config/document.js';
import {
  effective,
  loadKubeletConfig,
  provenance,
  rootDirectory,
  setting,
} from '../../../src/node/config/kubelet.js';
import { valuesOf } from '../../../src/node/config/merge.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { emptyHost, hostCopy, hostFixture } from '../../support/hosts.js';
import { fakeProcess } from '../../support/processes.js';

const load = async (root: string) => loadKubeletConfig(await HostRoot.open(root));

test('a kubeadm node: unit, drop-in, environment files, config file, flags over it', async () => {
  const found = await load(hostFixture('kubeadm'));
  const { config, sources } = provenance(found.tree);
  expect(found.problems).toEqual([]);
  expect(config).toMatchObject({
    maxPods: 60,
    cgroupDriver: 'systemd',
    featureGates: { ContainerCheckpoint: true, NodeSwap: true },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  });
  expect(sources).toMatchObject({
    '/maxPods': '/etc/default/kubelet (--max-pods)',
    '/featureGates/ContainerCheckpoint': '/etc/default/kubelet (--feature-gates)',
    '/featureGates/NodeSwap': '/var/lib/kubelet/config.yaml',
    '/containerRuntimeEndpoint': '/var/lib/kubelet/kubeadm-flags.env (--container-runtime-endpoint)',
    '/clusterDNS': '/var/lib/kubelet/config.yaml',
  });
  expect(found.start.flags).toContainEqual({
    name: 'kubeconfig',
    value: '/etc/kubernetes/kubelet.conf',
    source: '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf',
  });
  expect(rootDirectory(found)).toBe('/var/lib/kubelet');
});

test('a running kubelet counts more than its unit, and the difference is told', async () => {
  const root = await hostCopy('kubeadm');
  const words = ['/usr/bin/kubelet', '--config=/var/lib/kubelet/config.yaml', '--max-pods', '70'];
  fakeProcess(root, 4242, { comm: 'kubelet', words });
  const found = await load(root);
  const { config, sources } = provenance(found.tree);
  expect(config).toMatchObject({ maxPods: 70, featureGates: { ContainerCheckpoint: false } });
  expect(sources['/maxPods']).toBe('/proc/4242/cmdline (--max-pods)');
  expect(found.problems.join('\n')).toContain(
    '--feature-gates in /etc/default/kubelet is not what the running',
  );
  expect(found.problems.join('\n')).toContain('--max-pods of the running kubelet is not in its unit');
});

test('a process of a container, or of another user, that calls itself kubelet is not believed', async () => {
  const root = await hostCopy('kubeadm');
  const words = ['kubelet', '--root-dir=/tmp/evil'];
  fakeProcess(root, 665, { comm: 'kubelet', words, pidns: 4026532999 });
  fakeProcess(root, 666, { comm: 'kubelet', words, mnt: 4026532998 });
  fakeProcess(root, 667, { comm: 'kubelet', words, uid: 65534 });
  const found = await load(root);
  expect(found.start.process).toBeUndefined();
  expect(rootDirectory(found)).toBe('/var/lib/kubelet');
  expect(await runningRootDir(await HostRoot.open(root))).toBe('/var/lib/kubelet');
});

test.each([[['--root-dir=/data/kubelet']], [['-v', '2', '--root-dir', '/data/kubelet', '--x']]])(
  'where a running kubelet keeps its data: %j',
  async (words) => {
    const root = await emptyHost();
    expect(await runningRootDir(await HostRoot.open(root))).toBe('/var/lib/kubelet');
    fakeProcess(root, 7, { comm: 'sh', words: ['sh', '--root-dir=/wrong'] });
    fakeProcess(root, 8, { comm: 'kubelet', words: ['kubelet', ...words] });
    expect(await runningRootDir(await HostRoot.open(root))).toBe('/data/kubelet');
    fakeProcess(root, 8, { comm: 'kubelet', words: ['kubelet', '--root-dir=relative'] });
    expect(await runningRootDir(await HostRoot.open(root))).toBe('/var/lib/kubelet');
  },
);

test('a k3s node: its own drop-in directory, kubelet-arg of file and unit, another root directory', async () => {
  const found = await load(hostFixture('k3s'));
  const { config, sources } = provenance(found.tree);
  expect(found.start.flavour).toBe('k3s');
  expect(rootDirectory(found)).toBe('/var/lib/rancher/k3s/agent/kubelet');
  expect(config).toMatchObject({
    maxPods: 50,
    readOnlyPort: 0,
    featureGates: { ContainerCheckpoint: true },
    staticPodPath: '/var/lib/rancher/k3s/agent/pod-manifests',
    evictionHard: { 'imagefs.available': '5%', 'nodefs.available': '5%' },
  });
  expect(sources['/maxPods']).toBe('/etc/systemd/system/k3s.service (--max-pods)');
  expect(sources['/featureGates/ContainerCheckpoint']).toBe('/etc/rancher/k3s/config.yaml (--feature-gates)');
  expect(sources['/clusterDNS']).toBe('/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/00-k3s-defaults.conf');
});

test('drop-ins in byte order, subdirectories where their name falls, only *.conf', async () => {
  const found = await load(hostFixture('dropins'));
  expect(found.files).toEqual([
    { path: '/etc/kubernetes/kubelet.yaml', role: 'config' },
    { path: '/etc/kubernetes/kubelet.conf.d/README.md', role: 'skipped' },
    { path: '/etc/kubernetes/kubelet.conf.d/10-dns.conf', role: 'drop-in' },
    { path: '/etc/kubernetes/kubelet.conf.d/15-more/10-gates.conf', role: 'drop-in' },
    { path: '/etc/kubernetes/kubelet.conf.d/20-log.conf', role: 'drop-in' },
  ]);
  expect(valuesOf(found.tree)).toMatchObject({
    clusterDNS: ['192.168.0.2'],
    featureGates: { MemoryQoS: false, ContainerCheckpoint: false },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '8m' } },
    enableServer: true,
  });
  expect(setting(found, 'evictionHard', 'memory.available')).toBe('500Mi');
  expect(setting(found, 'evictionHard', 'nodefs.available')).toBe('10%');
  expect(rootDirectory(found)).toBe('/data/kubelet');
});

test('a drop-in directory that is a link has no effect, as in the kubelet, and this is told', async () => {
  const root = await hostCopy('dropins');
  await rename(join(root, 'etc/kubernetes/kubelet.conf.d'), join(root, 'etc/kubernetes/real.d'));
  await symlink('real.d', join(root, 'etc/kubernetes/kubelet.conf.d'));
  const found = await load(root);
  expect(valuesOf(found.tree)).toMatchObject({ clusterDNS: ['192.168.0.9', '192.168.0.8'] });
  expect(found.problems.join()).toContain('is a symbolic link');
});

test("a bare machine has nothing, and without a config file the kubelet's old open defaults hold", async () => {
  const found = await load(hostFixture('bare'));
  expect(valuesOf(found.tree)).toEqual({});
  expect(valuesOf(effective(found))).toMatchObject({
    readOnlyPort: 10255,
    authentication: { anonymous: { enabled: true } },
    authorization: { mode: 'AlwaysAllow' },
  });
});

test('null in a drop-in removes a value', async () => {
  const root = await emptyHost();
  const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
  await mkdir(join(root, 'd'));
  await writeFile(join(root, 'main.yaml'), `${head}port: 1\nmaxPods: 5\n`);
  await writeFile(join(root, 'd/1.conf'), `${head}maxPods: null\n`);
  const found = await loadKubeletConfig(await HostRoot.open(root), { config: '/main.yaml', configDir: '/d' });
  expect(provenance(found.tree).config).not.toHaveProperty('maxPods');
});

test('a named file that is missing, broken or of another kind is an error; on a node as found a problem', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  await writeFile(join(root, 'broken.yaml'), 'a: [1,');
  await writeFile(join(root, 'other.yaml'), 'apiVersion: v1\nkind: Pod\n');
  await expect(loadKubeletConfig(host, { config: '/none.yaml' })).rejects.toThrow('cannot read');
  await expect(loadKubeletConfig(host, { config: '/broken.yaml' })).rejects.toThrow('/broken.yaml');
  await expect(loadKubeletConfig(host, { config: '/other.yaml' })).rejects.toThrow('apiVersion and kind');
  const copy = await hostCopy('kubeadm');
  await writeFile(join(copy, 'var/lib/kubelet/config.yaml'), '\t]');
  expect((await load(copy)).problems.join()).toContain('/var/lib/kubelet/config.yaml');
});

test('YAML as Go reads it: 1.1 booleans, no sexagesimal numbers or dates, no aliases without end', () => {
  expect(parseConfigText('x', 'a: yes\nb: "off"\nc: 12:30\nd: 2001-01-01\n__proto__: 1')).toEqual(
    Object.fromEntries([
      ['a', true],
      ['b', 'off'],
      ['c', '12:30'],
      ['d', '2001-01-01'],
      ['__proto__', 1],
    ]),
  );
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n')}`;
  expect(() => parseConfigText('x', bomb)).toThrow();
  expect(() => parseConfigText('x', '['.repeat(50_000))).toThrow();
});

test('keys without end, brackets without end: refused at once; a key twice, wherever it is', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join('\n');
  const begin = performance.now();
  expect(parseConfigText('x', many)).toHaveProperty('k19999', 1);
  expect(performance.now() - begin).toBeLessThan(5000);
  expect(() => parseConfigText('x', `${many}\nk7: 2`)).toThrow('unique');
  expect(() => parseConfigText('x', 'a:\n  - {b: 1, c: 2, "b": 3}')).toThrow('unique');
  expect(() => parseConfigText('x', '['.repeat(300_000))).toThrow('more than 262144 characters');
  expect(() => parseConfigText('x', `a: ${'['.repeat(200_000)}`)).toThrow(FormatError);
});

test('any bytes parse or throw a typed error', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        parseConfigText('x', text);
      } catch (error) {
        expect(error).toHaveProperty('exitCode', 5);
      }
    }),
    { numRuns: 300 },
  );
});

test('links are followed inside the root only', async () => {
  const root = await hostCopy('bare');
  await cp(hostFixture('bare'), join(root, 'inner'), { recursive: true });
  await symlink('/etc/passwd', join(root, 'absolute'));
  await symlink('../../../../../../../../etc/passwd', join(root, 'relative'));
  await symlink('/etc', join(root, 'directory'));
  await symlink('/loop', join(root, 'loop'));
  const host = await HostRoot.open(root);
  for (const path of ['/absolute', '/relative', '/directory/passwd', '/../../etc/passwd']) {
    expect(await host.readText(path)).toMatchObject({ ok: false, reason: 'absent' });
  }
  expect(await host.readText('/directory/hostname')).toMatchObject({ ok: true, value: 'bare\n' });
  expect(await host.readText('/loop')).toMatchObject({ ok: false, why: 'too many symbolic links' });
  expect(await host.readText('/etc')).toMatchObject({ ok: false, reason: 'wrong-kind' });
  expect(await host.readText('/etc/hostname', 3)).toMatchObject({ ok: false, reason: 'too-large' });
});
