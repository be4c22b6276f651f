import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { ApiAnswer } from '../../../src/node/api.js';
import type { Check } from '../../../src/node/checks/check.js';
import { appArmorProfile, seccompProfile } from '../../../src/node/checks/manifest.js';
import { diagnose } from '../../../src/node/doctor.js';
import { type ExamineOptions, examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { startRuntime } from '../../support/cri-server.js';
import { hostCopy } from '../../support/hosts.js';
import { kubeletAnswering } from '../../support/node-api.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';
const UID = '8f2c1a6e-95c4-4b7a-a4de-6b13a2f10c77';

function pod(container: object, spec: object = {}): object {
  return {
    metadata: { namespace: 'prod', name: 'payments', uid: UID },
    spec: { containers: [{ name: 'api', ...container }], ...spec },
    status: { containerStatuses: [{ name: 'api', containerID: `containerd://${ID}` }] },
  };
}

/** A kubelet that shows these pods, and refuses nothing. */
function kubelet(...pods: readonly object[]): NonNullable<ExamineOptions['api']> {
  const answer = (path: string): ApiAnswer => {
    if (path === '/pods') return { status: 200, body: JSON.stringify({ items: pods }) };
    if (path === '/healthz') return { status: 200, body: 'ok' };
    return { status: 404, body: 'pod does not exist' };
  };
  return kubeletAnswering(answer);
}

/** The host's own namespaces, for those of containers to be compared with. */
async function hostNamespaces(root: string, ...shared: readonly string[]): Promise<void> {
  await mkdir(join(root, 'proc/1/ns'), { recursive: true });
  for (const name of ['net', 'pid', 'ipc', 'uts', 'mnt']) {
    await symlink(`${name}:[${shared.includes(name) ? 4000 : 1}]`, join(root, 'proc/1/ns', name));
  }
}

/** Puts a process into a root's /proc. */
async function process(
  root: string,
  pid: number,
  fds: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
) {
  const files = {
    cgroup: `0::/kubepods.slice/cri-containerd-${ID}.scope\n`,
    status: 'Name:\tapi\nRssAnon:\t  204800 kB\nRssShmem:\t   1024 kB\nVmSwap:\t     512 kB\nSeccomp:\t2\n',
    maps: '00400000-00401000 r-xp 00000000 fd:00 1 /bin/api\n',
    'attr/current': 'cri-containerd.apparmor.d (enforce)\n',
    'net/tcp': 'head\n   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 111 1\n',
    ...more,
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'proc', String(pid), name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  await mkdir(join(root, 'proc', String(pid), 'fd'));
  await mkdir(join(root, 'proc', String(pid), 'ns'));
  for (const [fd, target] of Object.entries(fds))
    await symlink(target, join(root, 'proc', String(pid), 'fd', fd));
  for (const name of ['net', 'pid', 'ipc', 'uts', 'mnt']) {
    await symlink(`${name}:[${pid}]`, join(root, 'proc', String(pid), 'ns', name));
  }
}

async function diagnosis(root: string, api: ExamineOptions['api']): Promise<ReadonlyMap<string, Check>> {
  const host = await HostRoot.open(root);
  const target = { namespace: 'prod', pod: 'payments', container: 'api' };
  const checks = await diagnose(await examine(host, { api, noApi: undefined, target }));
  return new Map(checks.map((check) => [check.id, check] as const));
}

test('a plain container: nothing in the way, and how large and how long', async () => {
  const root = await hostCopy('bare');
  await hostNamespaces(root);
  await writeFile(join(root, 'proc/locks'), '');
  await process(root, 4000, { 0: '/dev/null', 1: 'pipe:[5]', 2: 'pipe:[6]', 3: 'socket:[111]' });
  const checks = await diagnosis(root, kubelet(pod({})));
  for (const id of [
    'container.facts',
    'container.devices',
    'container.namespaces',
    'container.terminal',
    'container.memory',
    'container.dra',
    'criu.tcp-established',
    'criu.file-locks',
    'criu.ghost-limit',
    'space.free',
  ]) {
    expect(checks.get(id), id).toMatchObject({ status: 'pass' });
  }
  expect(checks.get('container.memory')?.found).toMatch(
    /^202 MiB of memory.*frozen for 0\.51 s to 3\.52 s, for containerd thaws it only when that is copied/,
  );
  expect(checks.get('space.free')?.found).toMatch(
    /needs about 637 MiB at once: CRIU's images, the content store, the unpacked checkpoint, the archive$/,
  );
  expect(checks.get('security.apparmor')?.found).toContain('cri-containerd.apparmor.d (enforce)');
});

test('a difficult one: connections, locks, deleted files, GPU, terminal, host namespaces, claims', async () => {
  const root = await hostCopy('kubeadm');
  await process(
    root,
    4000,
    {
      0: '/dev/pts/0',
      3: 'socket:[222]',
      4: '/dev/nvidia0',
      5: 'anon_inode:[io_uring]',
      6: '/tmp/ghost.log (deleted)',
      7: '/memfd:payload (deleted)',
    },
    {
      'net/tcp':
        'head\n   0: 0100007F:1F90 0100007F:9999 01 0:0 0:0 0 0 0 222 1\n   1: x y 01 a b c d e 999 1\n',
    },
  );
  await hostNamespaces(root, 'net');
  await writeFile(
    join(root, 'proc/locks'),
    '1: POSIX  ADVISORY  WRITE 4000 fd:00:1 0 EOF\n2: FLOCK  ADVISORY  WRITE 77 fd:00:2 0 EOF\n',
  );
  const manifest = pod({ tty: true, resources: { claims: [{ name: 'gpu' }] } }, { hostNetwork: true });
  const checks = await diagnosis(root, kubelet(manifest));
  const status = (id: string) => `${checks.get(id)?.status}: ${checks.get(id)?.found}`;
  expect(status('criu.tcp-established')).toBe('fail: not set, and this container has 1 open TCP connection');
  expect(status('criu.file-locks')).toBe('fail: not set, and this container has 1 file lock');
  expect(status('criu.ghost-limit')).toContain("unknown: 1 MiB (CRIU's default); 1 deleted files");
  expect(status('container.devices')).toBe('fail: it uses a GPU: /dev/nvidia0');
  expect(status('container.device-plugins')).toBe('fail: this container holds nvidia.com/gpu (1)');
  expect(status('container.dra')).toBe('warn: it has resource claims: gpu: not prepared');
  expect(status('container.namespaces')).toBe('warn: shares net with the host (hostNetwork)');
  expect(status('container.terminal')).toContain('warn');
});

test('a Localhost seccomp profile is found and read', async () => {
  const root = await hostCopy('kubeadm');
  await process(root, 4000, {});
  const profile = (localhostProfile: string) =>
    pod({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } });
  const checks = await diagnosis(root, kubelet(profile('profiles/api.json')));
  expect(checks.get('security.seccomp')?.found).toBe(
    "Localhost profiles/api.json, by the container's securityContext; the kernel says a filter",
  );
  expect(checks.get('security.profile')?.found).toBe(
    '/var/lib/kubelet/seccomp/profiles/api.json: default SCMP_ACT_ERRNO; SCMP_ACT_ALLOW 7, SCMP_ACT_LOG 1, SCMP_ACT_ERRNO 1; of those that matter it allows ptrace',
  );
  expect((await diagnosis(root, kubelet(profile('none.json')))).get('security.profile')).toMatchObject({
    status: 'fail',
  });
  expect(
    (await diagnosis(root, kubelet(profile('../../../etc/shadow')))).get('security.profile'),
  ).toMatchObject({
    status: 'fail',
  });
  await writeFile(join(root, 'var/lib/kubelet/seccomp/notify.json'), '{"defaultAction":"SCMP_ACT_NOTIFY"}');
  expect(
    (await diagnosis(root, kubelet(profile('notify.json')))).get('security.profile-actions'),
  ).toMatchObject({
    status: 'fail',
    found: 'SCMP_ACT_NOTIFY is the default action',
  });
});

test('the precedence of seccomp profiles: container over pod, privileged always unconfined', () => {
  const unconfined = { seccompProfile: { type: 'Unconfined' } };
  const runtime = { seccompProfile: { type: 'RuntimeDefault' } };
  const type = (container: object, spec: object, byDefault = false) =>
    seccompProfile(JSON.parse(JSON.stringify(pod(container, spec))), 'api', byDefault).type;
  expect(type({}, {})).toBe('Unconfined');
  expect(type({}, {}, true)).toBe('RuntimeDefault');
  expect(type({}, { securityContext: runtime })).toBe('RuntimeDefault');
  expect(type({ securityContext: unconfined }, { securityContext: runtime }, true)).toBe('Unconfined');
  expect(type({ securityContext: runtime }, { securityContext: unconfined })).toBe('RuntimeDefault');
  expect(
    type({ securityContext: { ...runtime, privileged: true } }, { securityContext: runtime }, true),
  ).toBe('Unconfined');
});

test('the precedence of AppArmor profiles: field, annotation, pod', () => {
  const profile = (container: object, spec: object, annotations: Record<string, string> = {}) => {
    const manifest = JSON.parse(JSON.stringify(pod(container, spec)));
    manifest.metadata.annotations = annotations;
    return appArmorProfile(manifest, 'api');
  };
  const key = 'container.apparmor.security.beta.kubernetes.io/api';
  expect(profile({}, {}).type).toBe('RuntimeDefault');
  expect(profile({ securityContext: { privileged: true } }, {}).type).toBe('Unconfined');
  expect(profile({}, {}, { [key]: 'localhost/mine' })).toMatchObject({
    type: 'Localhost',
    localhostProfile: 'mine',
  });
  expect(profile({}, { securityContext: { appArmorProfile: { type: 'Unconfined' } } }).type).toBe(
    'Unconfined',
  );
  expect(
    profile({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }, {}, { [key]: 'unconfined' })
      .type,
  ).toBe('RuntimeDefault');
});

test('without the API, the runtime itself tells which container it is', async () => {
  const root = await hostCopy('kubeadm');
  await process(root, 4000, {});
  const server = await startRuntime(join(root, 'run/containerd/containerd.sock'), {
    name: 'containerd',
    version: 'v2.1.9',
    checkpoint: { status: 5, message: 'not found' },
    container: {
      id: ID,
      info: { pid: 4000, runtimeSpec: { linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } } } },
    },
  });
  try {
    const checks = await diagnosis(root, undefined);
    expect(checks.get('container.facts')?.found).toContain('1 processes of 499dc0ffee49');
    expect(checks.get('security.seccomp')).toMatchObject({
      status: 'pass',
      found: 'its OCI spec has one: default SCMP_ACT_ERRNO, 0 rules; the kernel says a filter',
    });
  } finally {
    await server.close();
  }
});

test('a pod that is not there is an error, one whose processes are elsewhere is not known', async () => {
  const root = await hostCopy('bare');
  await expect(diagnosis(root, kubelet())).rejects.toThrow('there is no pod prod/payments on this node');
  const checks = await diagnosis(root, kubelet(pod({})));
  expect(checks.get('container.facts')).toMatchObject({ status: 'unknown' });
  expect(checks.get('container.facts')?.found).toContain("no process below this root's /proc");
});

test('what may not be looked into is not known, and not taken for nothing', async () => {
  const root = await hostCopy('bare');
  await process(root, 4000, {});
  await rm(join(root, 'proc/4000/fd'), { recursive: true });
  await writeFile(join(root, 'proc/4000/fd'), 'no directory');
  const checks = await diagnosis(root, kubelet(pod({})));
  for (const id of [
    'criu.tcp-established',
    'criu.ghost-limit',
    'container.devices',
    'container.namespaces',
  ]) {
    expect(checks.get(id), id).toMatchObject({ status: 'unknown' });
  }
});

test('a connection that is being closed is one that CRIU refuses; a listening socket and TIME_WAIT are none', async () => {
  const found = async (state: string): Promise<string | undefined> => {
    const root = await hostCopy('bare');
    const table = `head\n   0: 0100007F:1F90 0100007F:9999 ${state} 0:0 0:0 0 0 0 222 1\n`;
    await process(root, 4000, { 3: 'socket:[222]' }, { 'net/tcp': table });
    return (await diagnosis(root, kubelet(pod({})))).get('criu.tcp-established')?.status;
  };
  for (const state of ['01', '02', '04', '05', '08', '09', '0B'])
    expect(await found(state), state).toBe('fail');
  for (const state of ['06', '07', '0A']) expect(await found(state), state).toBe('pass');
});

test('locks that cannot be read are not taken for none', async () => {
  const root = await hostCopy('bare');
  await process(root, 4000, {});
  await rm(join(root, 'proc/locks'), { force: true });
  const checks = await diagnosis(root, kubelet(pod({})));
  expect(checks.get('criu.file-locks')).toMatchObject({ status: 'warn' });
});

test('resource claims: matched with what the kubelet has prepared, by pod, namespace, claim and request', async () => {
  const root = await hostCopy('bare');
  await process(root, 4000, {});
  const path = join(root, 'var/lib/kubelet/dra_manager_state');
  await mkdir(dirname(path), { recursive: true });
  const device = (DeviceName: string, ...RequestNames: readonly string[]) => ({
    PoolName: 'node-a',
    DeviceName,
    RequestNames,
  });
  const claim = (ClaimName: string, Namespace: string, uid: string) => ({
    ClaimUID: 'c',
    ClaimName,
    Namespace,
    PodUIDs: { [uid]: {} },
    DriverState: { 'gpu.example.com': { Devices: [device('gpu-0', 'big'), device('gpu-1', 'small/first')] } },
  });
  const claims = [
    claim('payments-gpu-x7', 'prod', UID),
    claim('payments-gpu-x7', 'test', UID),
    claim('other', 'prod', '1'),
  ];
  const manifest = (request?: string): object => {
    const one = pod({
      resources: { claims: [{ name: 'gpu', ...(request === undefined ? {} : { request }) }] },
    });
    return {
      ...one,
      status: {
        containerStatuses: [{ name: 'api', containerID: `containerd://${ID}` }],
        resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'payments-gpu-x7' }],
      },
    };
  };
  const state = (key: string): string =>
    JSON.stringify({ Data: JSON.stringify({ kind: 'DRACheckpoint', [key]: claims }), Checksum: 1 });
  const dra = async (...pods: readonly object[]) =>
    (await diagnosis(root, kubelet(...pods))).get('container.dra');
  for (const text of [state('ClaimInfoStateList'), state('Entries'), JSON.stringify({ entries: claims })]) {
    await writeFile(path, text);
    expect(await dra(manifest())).toMatchObject({
      status: 'warn',
      found:
        'it has resource claims: gpu: payments-gpu-x7 gives gpu.example.com/node-a/gpu-0 and gpu.example.com/node-a/gpu-1',
    });
  }
  expect((await dra(manifest('big')))?.found).toMatch(/gives gpu\.example\.com\/node-a\/gpu-0$/);
  expect((await dra(manifest('small')))?.found).toMatch(/gives gpu\.example\.com\/node-a\/gpu-1$/);
  expect(await dra(pod({}))).toMatchObject({ status: 'pass', found: 'no resource claims' });
  await writeFile(path, '{"Data":"{"}');
  expect(await dra(manifest())).toMatchObject({ status: 'warn' });
  expect((await dra(manifest()))?.found).toContain('is not what the kubelet writes');
});

test("without the manifest, the pod's UID of the OCI spec finds its claims and devices", async () => {
  const root = await hostCopy('kubeadm');
  await process(root, 4000, {});
  const claims = [{ ClaimName: 'g', Namespace: 'prod', PodUIDs: { [UID]: {} }, DriverState: {} }];
  await writeFile(join(root, 'var/lib/kubelet/dra_manager_state'), JSON.stringify({ entries: claims }));
  const server = await startRuntime(join(root, 'run/containerd/containerd.sock'), {
    name: 'containerd',
    version: 'v2.1.9',
    checkpoint: { status: 5, message: 'not found' },
    container: {
      id: ID,
      info: { pid: 4000, runtimeSpec: { annotations: { 'io.kubernetes.cri.sandbox-uid': UID } } },
    },
  });
  try {
    const checks = await diagnosis(root, undefined);
    expect(checks.get('container.dra')?.found).toBe('its pod has claims, perhaps for it: g gives no devices');
    expect(checks.get('container.device-plugins')?.found).toBe('this container holds nvidia.com/gpu (1)');
  } finally {
    await server.close();
  }
});

test('the device plugin directory is compiled in: with another root directory it is still looked into', async () => {
  const root = await hostCopy('k3s');
  const path = join(root, 'var/lib/kubelet/device-plugins/kubelet_internal_checkpoint');
  await mkdir(dirname(path), { recursive: true });
  const entry = { PodUID: UID, ContainerName: 'api', ResourceName: 'amd.com/gpu', DeviceIDs: { '0': ['a'] } };
  await writeFile(path, JSON.stringify({ Data: { PodDeviceEntries: [entry] }, Checksum: 1 }));
  await process(root, 4000, {});
  const found = async () => (await diagnosis(root, kubelet(pod({})))).get('container.device-plugins');
  expect((await found())?.found).toBe('this container holds amd.com/gpu (1)');
  await writeFile(path, '[]');
  expect(await found()).toMatchObject({ status: 'warn' });
});

test('init and ephemeral containers, too: their own field, then the pod, privileged always unconfined', () => {
  const spec = {
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'api' }],
    initContainers: [{ name: 'init', securityContext: { seccompProfile: { type: 'Unconfined' } } }],
    ephemeralContainers: [{ name: 'debug', securityContext: { privileged: true } }, { name: 'plain' }],
  };
  const type = (name: string) => seccompProfile({ spec }, name, false).type;
  expect([type('api'), type('init'), type('debug'), type('plain')]).toEqual([
    'RuntimeDefault',
    'Unconfined',
    'Unconfined',
    'RuntimeDefault',
  ]);
});

test('an archive larger than what is free fails; a freeze longer than half the watchdog warns', async () => {
  const root = await hostCopy('kubeadm');
  const anonymous = (kilobytes: number) => ({ status: `Name:\tapi\nRssAnon:\t${kilobytes} kB\n` });
  await process(root, 4000, {}, anonymous(2 << 20)); // 2 GiB on containerd: up to 31 s, the watchdog is 30 s
  const found = await diagnosis(root, kubelet(pod({})));
  expect(found.get('watchdog.period')).toMatchObject({ status: 'warn' });
  expect(found.get('watchdog.period')?.found).toContain('may be frozen for');
  await writeFile(join(root, 'proc/4000/status'), anonymous(900 << 10).status); // 14 s
  expect((await diagnosis(root, kubelet(pod({})))).get('watchdog.period')).toMatchObject({ status: 'pass' });
  await writeFile(join(root, 'proc/4000/status'), anonymous(2 ** 40).status);
  const huge = await diagnosis(root, kubelet(pod({})));
  expect(huge.get('space.free')).toMatchObject({ status: 'fail' });
  expect(huge.get('space.eviction')).toMatchObject({ status: 'fail' });
  expect(huge.get('space.eviction')?.found).toContain('the archive itself would cross it');
});
