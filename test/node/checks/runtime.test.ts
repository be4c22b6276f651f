import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Check } from '../../../src/node/checks/check.js';
import { diagnose } from '../../../src/node/doctor.js';
import { examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { type StandInRuntime, startRuntime } from '../../support/cri-server.js';
import { hostCopy } from '../../support/hosts.js';

const CONTAINERD: StandInRuntime = {
  name: 'containerd',
  version: 'v2.1.9',
  checkpoint: { status: 5, message: 'an error occurred when try to find container "": not found' },
  config: {
    containerd: {
      defaultRuntimeName: 'crun',
      runtimes: { crun: { options: { BinaryName: '/usr/bin/crun' } } },
    },
  },
};

async function diagnosis(root: string): Promise<ReadonlyMap<string, Check>> {
  const host = await HostRoot.open(root);
  const checks = await diagnose(await examine(host, { api: undefined, noApi: 'none', target: undefined }));
  return new Map(checks.map((check) => [check.id, check] as const));
}

async function withRuntime(
  runtime: StandInRuntime,
  socket: string,
  work: (root: string) => Promise<void>,
  fixture: 'kubeadm' | 'dropins' = 'kubeadm',
): Promise<readonly string[]> {
  const root = await hostCopy(fixture);
  const server = await startRuntime(join(root, socket), runtime);
  try {
    await work(root);
  } finally {
    await server.close();
  }
  return server.asked;
}

test('containerd that checkpoints: asked who it is, and for a container that cannot exist', async () => {
  const asked = await withRuntime(CONTAINERD, 'run/containerd/containerd.sock', async (root) => {
    const checks = await diagnosis(root);
    expect(checks.get('runtime.cri')).toMatchObject({ status: 'pass' });
    expect(checks.get('runtime.cri')?.found).toContain(
      'containerd v2.1.9 at /run/containerd/containerd.sock',
    );
    expect(checks.get('runtime.checkpoint')).toMatchObject({ status: 'pass' });
    expect(checks.get('runtime.checkpoint')?.found).toContain('not found');
    expect(checks.get('runtime.oci')?.found).toContain("crun (from containerd's own answer)");
  });
  expect(asked).toEqual(['Version', 'Status', 'CheckpointContainer']);
});

test('runtimes that cannot: no such call, switched off', async () => {
  const old = { ...CONTAINERD, version: '1.7.24', checkpoint: { status: 12, message: 'unknown method' } };
  await withRuntime(old, 'run/containerd/containerd.sock', async (root) => {
    expect((await diagnosis(root)).get('runtime.checkpoint')).toMatchObject({ status: 'fail' });
  });
  const crio = {
    name: 'cri-o',
    version: '1.34.2',
    checkpoint: { status: 2, message: 'checkpoint/restore support not available' },
  };
  await withRuntime(
    crio,
    'run/crio/crio.sock',
    async (root) => {
      const checks = await diagnosis(root);
      expect(checks.get('runtime.cri')?.found).toContain('cri-o 1.34.2');
      expect(checks.get('runtime.checkpoint')).toMatchObject({ status: 'fail' });
      expect(checks.get('runtime.checkpoint')?.remedy).toContain('enable_criu_support');
    },
    'dropins',
  );
});

test('a socket behind which nobody, or somebody else, answers', async () => {
  const root = await hostCopy('kubeadm');
  await mkdir(join(root, 'run/containerd'), { recursive: true });
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(join(root, 'run/containerd/containerd.sock'), resolve));
  try {
    expect((await diagnosis(root)).get('runtime.cri')).toMatchObject({ status: 'unknown' });
  } finally {
    server.close();
  }
});

test("CRIU: its program, its package's version, crun's library", async () => {
  const root = await hostCopy('k3s');
  const program = async (path: string): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), '#!/bin/sh\nexit 1\n');
    await chmod(join(root, path), 0o755);
  };
  await program('usr/bin/crun');
  await program('usr/sbin/criu');
  await mkdir(join(root, 'var/lib/dpkg'), { recursive: true });
  await writeFile(
    join(root, 'var/lib/dpkg/status'),
    'Package: criu\nStatus: install ok installed\nVersion: 4.2-1\n',
  );
  const before = await diagnosis(root);
  expect(before.get('runtime.criu')).toMatchObject({
    status: 'pass',
    found: '/usr/sbin/criu 4.2-1 (its package)',
  });
  expect(before.get('runtime.criu-check')).toMatchObject({ status: 'unknown' });
  expect(before.get('runtime.criu-check')?.found).toContain('programs of another root are not run');
  expect(before.get('runtime.oci')).toMatchObject({ status: 'fail' });
  await program('usr/lib64/libcriu.so.2');
  expect((await diagnosis(root)).get('runtime.oci')).toMatchObject({ status: 'pass' });
  await writeFile(
    join(root, 'var/lib/dpkg/status'),
    'Package: criu\nStatus: install ok installed\nVersion: 3.15-1\n',
  );
  expect((await diagnosis(root)).get('runtime.criu')).toMatchObject({ status: 'fail' });
});

test('cri-dockerd and dockershim cannot checkpoint', async () => {
  for (const [socket, word] of [
    ['/run/cri-dockerd.sock', 'cri-dockerd'],
    ['/var/run/dockershim.sock', 'dockershim'],
  ] as const) {
    const root = await hostCopy('kubeadm');
    await rm(join(root, 'var/lib/kubelet/kubeadm-flags.env'));
    await writeFile(
      join(root, 'etc/default/kubelet'),
      `KUBELET_EXTRA_ARGS=--container-runtime-endpoint=unix://${socket}\n`,
    );
    const check = (await diagnosis(root)).get('runtime.checkpoint');
    expect(check).toMatchObject({ status: 'fail' });
    expect(check?.found).toContain(word);
  }
});

test('a configuration that is no TOML is named, and not taken for one that sets nothing', async () => {
  const root = await hostCopy('dropins');
  const file = join(root, 'etc/crio/crio.conf.d/99-broken.conf');
  await writeFile(file, '[crio.runtime\ndefault_runtime = "runc"\n');
  const check = (await diagnosis(root)).get('runtime.configuration');
  expect(check).toMatchObject({ status: 'warn', found: 'no TOML: /etc/crio/crio.conf.d/99-broken.conf' });
  expect((await diagnosis(await hostCopy('dropins'))).get('runtime.configuration')).toBeUndefined();
});
