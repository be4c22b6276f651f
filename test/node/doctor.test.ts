import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Check } from '../../src/node/checks/check.js';
import { diagnose, tally } from '../../src/node/doctor.js';
import { examine } from '../../src/node/examine.js';
import { HostRoot } from '../../src/node/host/root.js';
import { renderDoctor } from '../../src/node/render.js';
import { hostCopy, hostFixture } from '../support/hosts.js';
import { leaveBehind } from '../support/leftovers.js';

const BIN = new URL('../../bin/coldcase.js', import.meta.url).pathname;
const root = process.getuid?.() === 0;

async function checksOf(directory: string): Promise<ReadonlyMap<string, Check>> {
  const host = await HostRoot.open(directory);
  const options = { api: undefined, noApi: 'none in this test', target: undefined };
  return new Map((await diagnose(await examine(host, options))).map((check) => [check.id, check] as const));
}

function statuses(checks: ReadonlyMap<string, Check>, ...ids: readonly string[]): Record<string, string> {
  return Object.fromEntries(ids.map((id) => [id, checks.get(id)?.status ?? 'missing'] as const));
}

test('a kubeadm node', async () => {
  const checks = await checksOf(hostFixture('kubeadm'));
  expect(
    statuses(
      checks,
      'api.gate',
      'runtime.checkpoint',
      'runtime.criu',
      'plaintext.swap',
      'plaintext.kubelet-swap',
      'plaintext.core',
      'watchdog.period',
      'watchdog.restart',
      'kernel.cgroup',
      'kernel.criu',
      'kernel.psi',
      'kernel.features',
      'api.reachable',
    ),
  ).toEqual({
    'api.gate': 'pass',
    'runtime.checkpoint': 'pass',
    'runtime.criu': 'fail',
    'plaintext.swap': 'warn',
    'plaintext.kubelet-swap': 'warn',
    'plaintext.core': 'warn',
    'watchdog.period': 'pass',
    'watchdog.restart': 'pass',
    'kernel.cgroup': 'pass',
    'kernel.criu': 'pass',
    'kernel.psi': 'pass',
    'kernel.features': 'warn',
    'api.reachable': 'unknown',
  });
  expect(checks.get('runtime.checkpoint')?.found).toContain('containerd 2.1.5');
  expect(checks.get('plaintext.swap')?.found).toContain('/swap.img 2 GiB (not encrypted)');
  expect(checks.get('container.device-plugins')?.found).toContain('nvidia.com/gpu');
  expect(checks.get('kernel.features')?.found).toContain('tmpfs with noswap: 6.3');
  expect(checks.get('kernel.features')?.found).not.toContain('nftables');
});

test('a k3s node: another root directory, on a network file system; zram is memory', async () => {
  const checks = await checksOf(hostFixture('k3s'));
  expect(statuses(checks, 'plaintext.filesystem', 'plaintext.swap', 'watchdog.period')).toEqual({
    'plaintext.filesystem': 'fail',
    'plaintext.swap': 'pass',
    'watchdog.period': 'pass',
  });
  expect(checks.get('plaintext.filesystem')?.found).toContain('nfs4 from filer.example:/edge7');
  expect(checks.get('space.free')?.found).toContain('/var/lib/rancher/k3s/agent/kubelet/checkpoints');
  expect(checks.get('runtime.oci')?.found).toContain('crun (from /var/lib/rancher/k3s/agent/etc/containerd');
});

test('a node with drop-ins: gate off, CRI-O without CRIU, encrypted swap, cgroup v1, a bad watchdog', async () => {
  const checks = await checksOf(hostFixture('dropins'));
  expect(
    statuses(
      checks,
      'api.gate',
      'runtime.checkpoint',
      'criu.tcp-established',
      'criu.file-locks',
      'plaintext.swap',
      'kernel.cgroup',
      'watchdog.period',
      'watchdog.restart',
    ),
  ).toEqual({
    'api.gate': 'fail',
    'runtime.checkpoint': 'fail',
    'criu.tcp-established': 'pass',
    'criu.file-locks': 'warn',
    'plaintext.swap': 'pass',
    'kernel.cgroup': 'warn',
    'watchdog.period': 'warn',
    'watchdog.restart': 'warn',
  });
  expect(checks.get('criu.ghost-limit')?.found).toContain('10 MiB (/etc/criu/crun.conf)');
});

test('a bare machine: what cannot be told is not known, not wrong', async () => {
  const checks = await checksOf(hostFixture('bare'));
  const failing = [...checks.values()].filter(({ status }) => status === 'fail').map(({ id }) => id);
  expect(failing).toEqual(['runtime.criu']);
  expect(statuses(checks, 'api.gate', 'plaintext.swap', 'watchdog.period', 'kernel.criu')).toEqual({
    'api.gate': 'unknown',
    'plaintext.swap': 'unknown',
    'watchdog.period': 'unknown',
    'kernel.criu': 'unknown',
  });
});

test('the watchdog: absent, below a second, not fed by old kubelets', async () => {
  const copy = await hostCopy('kubeadm');
  const unit = join(copy, 'etc/systemd/system/kubelet.service.d/20-watchdog.conf');
  const period = async (text: string): Promise<string> => {
    await writeFile(unit, text);
    const check = (await checksOf(copy)).get('watchdog.period');
    return `${check?.status}: ${check?.found}`;
  };
  expect(await period('[Service]\nWatchdogSec=500ms\n')).toMatch(/^fail: .*below 1 s/);
  expect(await period('[Service]\nWatchdogSec=10min\n')).toMatch(/^pass/);
  expect(await period('[Service]\nWatchdogSec=601\n')).toMatch(/^warn: .*longer than 10 minutes/);
  expect(await period('[Service]\nWatchdogSec=0\n')).toMatch(/^pass: off/);
  expect(await period('[Service]\nWatchdogSec=infinity\n')).toMatch(/^pass: off/);
  expect(await period('[Service]\nWatchdogSec=1\n')).toMatch(/^pass: WatchdogSec=1 /);
  await writeFile(
    join(copy, 'var/lib/dpkg/status'),
    'Package: kubelet\nStatus: install ok installed\nVersion: 1.31.4-1.1\n',
  );
  expect(await period('[Service]\nWatchdogSec=30s\n')).toMatch(/^fail: .*does not feed it/);
});

test('eviction thresholds: soft ones count, 0% and 100% are off, what is no quantity is not known', async () => {
  const copy = await hostCopy('bare');
  await mkdir(join(copy, 'etc/systemd/system'), { recursive: true });
  await writeFile(
    join(copy, 'etc/systemd/system/kubelet.service'),
    '[Service]\nExecStart=/usr/bin/kubelet --config=/etc/kubelet.yaml\n',
  );
  const eviction = async (text: string): Promise<string> => {
    const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    await writeFile(join(copy, 'etc/kubelet.yaml'), head + text);
    const check = (await checksOf(copy)).get('space.eviction');
    return `${check?.status}: ${check?.found}`;
  };
  expect(await eviction('evictionHard: {nodefs.available: "99.9%"}')).toMatch(/^fail: .*already crossed/);
  expect(await eviction('evictionHard: {nodefs.available: "100%"}')).toMatch(/^pass: DiskPressure below 0 B/);
  expect(await eviction('evictionHard: {nodefs.available: 1Ki}')).toMatch(/^pass: DiskPressure below 1 KiB/);
  expect(
    await eviction('evictionHard: {nodefs.available: 1Ki}\nevictionSoft: {nodefs.available: "99.9%"}'),
  ).toMatch(/^fail: .*evictionSoft nodefs\.available 99\.9%\): already crossed/);
  expect(await eviction('evictionHard: {nodefs.available: much}')).toMatch(/^unknown/);
  expect(await eviction('evictionHard: {memory.available: 1Gi}')).toMatch(/^pass: no threshold/);
});

test('the file system of a checkpoint directory behind a link is the one that counts', async () => {
  const copy = await hostCopy('k3s');
  await mkdir(join(copy, 'var/lib/kubelet'), { recursive: true });
  await mkdir(join(copy, 'var/lib/rancher/k3s/agent/kubelet'), { recursive: true });
  await symlink('/var/lib/rancher/k3s/agent/kubelet', join(copy, 'var/lib/kubelet/there'));
  const host = await HostRoot.open(copy);
  const target = '/var/lib/rancher/k3s/agent/kubelet/checkpoints';
  expect(await host.nearest('/var/lib/kubelet/there/checkpoints')).toBe(target);
  expect(await host.nearest('/no/such/place')).toBe('/no/such/place');
  const checks = await diagnose(
    await examine(host, {
      api: undefined,
      noApi: undefined,
      target: undefined,
      checkpointDirectory: '/var/lib/kubelet/there/checkpoints',
    }),
  );
  expect(checks.find(({ id }) => id === 'plaintext.filesystem')).toMatchObject({ status: 'fail' });
});

test('swap on a volume is encrypted when all below it is; PSI that is off wants psi=1', async () => {
  const copy = await hostCopy('kubeadm');
  await writeFile(
    join(copy, 'proc/swaps'),
    'Filename Type Size Used Priority\n/dev/dm-5 partition 1024 0 -2\n',
  );
  const block = join(copy, 'sys/block');
  const uuid = async (device: string, text: string): Promise<void> => {
    await mkdir(join(block, device, 'dm'), { recursive: true });
    await writeFile(join(block, device, 'dm/uuid'), text);
  };
  await uuid('dm-5', 'LVM-abc');
  await uuid('dm-6', 'CRYPT-LUKS2-x');
  await uuid('dm-7', 'LVM-y');
  await mkdir(join(block, 'dm-5/slaves/dm-6'), { recursive: true });
  expect((await checksOf(copy)).get('plaintext.swap')).toMatchObject({ status: 'pass' });
  await mkdir(join(block, 'dm-5/slaves/dm-7'));
  expect((await checksOf(copy)).get('plaintext.swap')).toMatchObject({ status: 'warn' });

  const psi = async (commandLine: string): Promise<string | undefined> => {
    await writeFile(join(copy, 'proc/cmdline'), commandLine);
    return (await checksOf(copy)).get('kernel.psi')?.status;
  };
  await writeFile(
    join(copy, 'boot/config-5.15.0-126-generic'),
    'CONFIG_PSI=y\nCONFIG_PSI_DEFAULT_DISABLED=y\n',
  );
  expect([await psi('ro quiet'), await psi('ro psi=10'), await psi('ro psi=1 quiet')]).toEqual([
    'warn',
    'warn',
    'pass',
  ]);
});

test('the gate by version: off before 1.30, on since, absent before 1.25', async () => {
  const copy = await hostCopy('bare');
  await mkdir(join(copy, 'var/lib/dpkg'), { recursive: true });
  const gate = async (version: string): Promise<string | undefined> => {
    await writeFile(
      join(copy, 'var/lib/dpkg/status'),
      `Package: kubelet\nStatus: install ok installed\nVersion: ${version}-1.1\n`,
    );
    return (await checksOf(copy)).get('api.gate')?.status;
  };
  expect([await gate('1.24.9'), await gate('1.29.3'), await gate('1.30.0'), await gate('1.36.1')]).toEqual([
    'fail',
    'fail',
    'pass',
    'pass',
  ]);
});

test.skipIf(!root)('the checkpoint directory and what is left in it', async () => {
  const copy = await hostCopy('bare');
  const directory = join(copy, 'var/lib/kubelet/checkpoints');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await chown(directory, 0, 0);
  expect(statuses(await checksOf(copy), 'plaintext.directory', 'plaintext.leftovers')).toEqual({
    'plaintext.directory': 'pass',
    'plaintext.leftovers': 'pass',
  });
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'checkpoint-a_b-c-2026-11-23T16:25:48Z.tar'), 'x'.repeat(2048));
  const checks = await checksOf(copy);
  expect(statuses(checks, 'plaintext.directory', 'plaintext.leftovers')).toEqual({
    'plaintext.directory': 'fail',
    'plaintext.leftovers': 'warn',
  });
  expect(checks.get('plaintext.leftovers')?.found).toBe('1 archives, 2 KiB, in /var/lib/kubelet/checkpoints');
});

test('what engines left on the way is told, with size and age, beside an empty directory', async () => {
  const copy = await hostCopy('bare');
  await leaveBehind(copy);
  const check = (await checksOf(copy)).get('plaintext.leftovers');
  expect(check?.status).toBe('warn');
  expect(check?.found).toContain('6 pieces, 21.9 KiB');
  expect(check?.found).toMatch(
    /\/tmp\/ctrd-checkpoint2718281828 \(containerd: CRIU's images, 7.03 KiB, [\d.]+ s old\)/,
  );
  expect(check?.found).toContain('overlay-containers/499d');
  expect(check?.remedy).toContain('--prune --leftovers');
});

test('a hostile root: links outward, a pipe, a loop, huge files; nothing hangs and nothing is followed out', async () => {
  const copy = await hostCopy('kubeadm');
  await rm(join(copy, 'etc/containerd'), { recursive: true });
  await symlink('/', join(copy, 'etc/containerd'));
  await rm(join(copy, 'var/lib/kubelet/config.yaml'));
  await symlink('../../../../../../../etc/passwd', join(copy, 'var/lib/kubelet/config.yaml'));
  await rm(join(copy, 'proc/swaps'));
  await promisify(execFile)('mkfifo', [join(copy, 'proc/swaps')]);
  await rm(join(copy, 'proc/cmdline'));
  await symlink('cmdline', join(copy, 'proc/cmdline'));
  await writeFile(join(copy, 'proc/1/mountinfo'), Buffer.alloc(17 << 20, '1 2 3 '));
  const checks = await checksOf(copy);
  expect(statuses(checks, 'plaintext.swap', 'plaintext.filesystem')).toEqual({
    'plaintext.swap': 'unknown',
    'plaintext.filesystem': 'unknown',
  });
  expect(JSON.stringify([...checks.values()])).not.toContain('root:x:');
});

test('the report fits 80 columns, says words beside marks, and escapes what it found', async () => {
  const copy = await hostCopy('kubeadm');
  await writeFile(join(copy, 'proc/sys/kernel/core_pattern'), '|/x\u001b[31m\u202e evil');
  const checks = [...(await checksOf(copy)).values()];
  const text = renderDoctor(checks, { width: 80, color: false, wide: true });
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).toContain('✗ FAIL');
  expect(text).toContain('? not known');
  expect(text).toContain('\\x1b[31m\\u202e');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for exactly those
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  const counts = tally(checks);
  expect(text.trimEnd().split('\n').at(-1)).toContain(`${counts.fail} fail`);
});

test('the command: exit 1 when something fails, stable JSON, usage errors', async () => {
  const run = async (...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [BIN, ...words]);
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };
  const json = await run('doctor', '--host-root', hostFixture('kubeadm'), '--json');
  expect(json.code).toBe(1);
  const parsed = JSON.parse(json.stdout);
  expect(Object.keys(parsed)).toEqual(['time', 'hostRoot', 'container', 'tally', 'checks']);
  for (const check of parsed.checks) {
    expect(Object.keys(check).sort()).toEqual(['found', 'group', 'id', 'remedy', 'status', 'why']);
    expect(check.status).toMatch(/^(pass|warn|fail|unknown)$/);
  }
  expect(new Set(parsed.checks.map(({ id }: { id: string }) => id)).size).toBe(parsed.checks.length);
  expect((await run('doctor', '--host-root', '/no/such/root')).code).toBe(4);
  expect((await run('doctor', 'not a pod')).code).toBe(2);
  expect(
    (await run('doctor', '--host-root', hostFixture('bare'), '--filter', 'status=fail')).stdout,
  ).toContain('runtime.criu');
});
