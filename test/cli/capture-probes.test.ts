import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase, type Finished } from '../support/coldcase.js';
import { captureScene, recipient } from '../support/kubelet/capture-scene.js';
import { PODS } from '../support/kubelet/stand-in.js';

const ID = '3d13805db1e027814662cb4305b40cb1160698bdd8eca2cb84d4f9187334d797';
const scene = captureScene();
let host = '';

beforeAll(() => {
  host = mkdtempSync(join(tmpdir(), 'coldcase-node-'));
});
afterAll(() => rmSync(host, { recursive: true }));
beforeEach(() => {
  scene.kubelet.state.pods = PODS;
  scene.kubelet.state.allowed = () => true;
  memory(2048);
});

/** The container's only process has that many MiB. */
function memory(mebibytes: number): void {
  mkdirSync(join(host, 'proc/4000'), { recursive: true });
  writeFileSync(join(host, 'proc/4000/cgroup'), `0::/kubepods.slice/cri-containerd-${ID}.scope\n`);
  writeFileSync(join(host, 'proc/4000/status'), `RssAnon:\t${mebibytes * 1024} kB\n`);
  const upper = '/var/lib/snapshots/18/fs';
  rmSync(join(host, upper), { recursive: true, force: true });
  mkdirSync(join(host, upper), { recursive: true });
  writeFileSync(
    join(host, 'proc/4000/mountinfo'),
    `200 154 0:46 / / rw - overlay overlay rw,lowerdir=/l,upperdir=${upper},workdir=/w\n`,
  );
}

/** The pod's `cache` has these probes, and runs as ID. */
function probes(spec: object, status: object = {}): void {
  scene.kubelet.state.pods = PODS.map((pod) => ({
    ...pod,
    containers: pod.containers.map((one) =>
      one.name === 'cache'
        ? { ...one, spec, status: { containerID: `containerd://${ID}`, started: true, ...status } }
        : one,
    ),
  }));
}

const capture = (...words: string[]): Promise<Finished> =>
  scene.capture('--host-root', host, '--no-node-context', ...words);
const posts = (): number => scene.kubelet.requests.filter((line) => line.startsWith('POST')).length;

describe('a freeze longer than a liveness probe allows', () => {
  test('is refused with the figures, before the kubelet is asked', async () => {
    probes({ livenessProbe: { httpGet: { path: '/', port: 80 } } });
    const asked = posts();
    const { code, stdout, stderr } = await capture();
    expect([code, stdout, posts() - asked]).toEqual([ExitCode.unsafe, '', 0]);
    expect(stderr).toMatch(/2 GiB of memory freeze prod\/payments-node-a\/cache for 4\.\d\d s to 31\.\d s/);
    expect(stderr).toContain('liveness probe (httpGet) of cache: every 10 s, 1 s each, 3 failures in a row');
    expect(stderr).toContain('it can fail after 21.0 s');
    expect(stderr).toContain('by SIGKILL 30 s later');
    expect(stderr).toContain('--yes');
    scene.nothingHappened();
  });

  test('is done with --yes, and the receipt says what was risked', async () => {
    probes({ livenessProbe: { httpGet: {} } });
    const { code, stdout, stderr } = await capture('--yes', '--json');
    expect(code).toBe(ExitCode.done);
    expect(stderr).toContain('then the kubelet kills cache');
    expect(JSON.parse(stdout).captured[0].warnings).toEqual([
      expect.stringContaining('liveness probe (httpGet) of cache'),
    ]);
  });

  test('a startup probe counts until the container has started', async () => {
    probes({ startupProbe: { grpc: {} } }, { started: false });
    expect((await capture()).code).toBe(ExitCode.unsafe);
    probes({ startupProbe: { grpc: {} } });
    expect(await capture()).toMatchObject({ code: ExitCode.done, stderr: '' });
  });

  test('of several containers, the others are captured', async () => {
    probes({ livenessProbe: { httpGet: {} } });
    const words = ['capture', 'prod/payments-node-a', ...scene.connection(), '-r', recipient];
    const { code, stdout } = await coldcase([...words, '-o', scene.out, '--host-root', host, '--json']);
    expect(code).toBe(ExitCode.unsafe);
    const { captured, failures } = JSON.parse(stdout);
    expect(captured.map(({ container }: { container: string }) => container)).toEqual(['api', 'debugger']);
    expect(failures).toMatchObject([{ container: 'cache', exitCode: ExitCode.unsafe }]);
  });
});

describe('all that is written counts', () => {
  const sharp = { livenessProbe: { httpGet: {}, failureThreshold: 1, timeoutSeconds: 2 } };

  test('huge pages', async () => {
    memory(1);
    writeFileSync(join(host, 'proc/4000/status'), 'RssAnon:\t100 kB\nHugetlbPages:\t8388608 kB\n');
    probes(sharp);
    const asked = posts();
    const { code, stderr } = await capture();
    expect([code, posts() - asked]).toEqual([ExitCode.unsafe, 0]);
    expect(stderr).toContain('8 GiB of memory freeze');
  });

  test('changed files of the root file system', async () => {
    memory(1);
    probes(sharp);
    expect(await capture('-q')).toMatchObject({ code: ExitCode.done });
    const log = join(host, 'var/lib/snapshots/18/fs/log');
    writeFileSync(log, '');
    truncateSync(log, 1 << 30);
    const { code, stderr } = await capture('--force');
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toMatch(/1 MiB of memory and 1 GiB in 1 changed files freeze .* to 1 min 09 s/);
  });

  test('those that cannot be counted are told', async () => {
    memory(1);
    rmSync(join(host, 'proc/4000/mountinfo'));
    probes(sharp);
    const { code, stdout, stderr } = await capture();
    expect(code).toBe(ExitCode.done);
    expect(stderr).toContain('not all of it was counted: its mounts are not to be seen');
    expect(stdout).toContain('warning');
  });

  test('a status that is old: its processes are here, so it runs', async () => {
    probes({ livenessProbe: { httpGet: {} } }, { state: { waiting: {} }, started: false });
    const asked = posts();
    const { code } = await capture();
    expect([code, posts() - asked]).toEqual([ExitCode.unsafe, 0]);
  });
});

describe('a freeze that the probes allow', () => {
  test('by exec on containerd, by TCP on a network that is not locked: neither is refused', async () => {
    probes({ livenessProbe: { exec: {}, failureThreshold: 2, periodSeconds: 1 } });
    expect(await capture('-q')).toEqual({ code: ExitCode.done, stdout: '', stderr: '' });
    memory(700);
    probes({ livenessProbe: { tcpSocket: {}, failureThreshold: 1, timeoutSeconds: 6 } });
    const { code, stderr } = await capture('--force');
    expect(code).toBe(ExitCode.done);
    expect(stderr).toContain('if its queue of connections is full the kubelet kills cache');
  });

  test('is not spoken of', async () => {
    memory(700);
    probes({ livenessProbe: { httpGet: {} } });
    expect(await capture('-q')).toEqual({ code: ExitCode.done, stdout: '', stderr: '' });
  });

  test('a readiness probe is told, and refuses nothing', async () => {
    probes({ readinessProbe: { httpGet: {}, failureThreshold: 1 } });
    const { code, stdout } = await capture();
    expect(code).toBe(ExitCode.done);
    expect(stdout).toContain('then cache is out of service until it answers again');
  });
});

describe('what cannot be told is noted and not refused', () => {
  test('the pods may not be listed', async () => {
    scene.kubelet.state.allowed = (_, __, subresource) => subresource === 'checkpoint';
    const { code, stdout, stderr } = await capture();
    expect(code).toBe(ExitCode.done);
    expect(stderr).toContain('whether a probe of prod/payments-node-a/cache fails while it is frozen');
    expect(stdout).toContain('warning');
  });

  test('the pods may not be listed, but it is a static pod of this node', async () => {
    scene.kubelet.state.allowed = (_, __, subresource) => subresource === 'checkpoint';
    mkdirSync(join(host, 'etc/systemd/system'), { recursive: true });
    writeFileSync(
      join(host, 'etc/systemd/system/kubelet.service'),
      '[Service]\nExecStart=/usr/bin/kubelet --pod-manifest-path=/etc/m\n',
    );
    mkdirSync(join(host, 'etc/m'), { recursive: true });
    writeFileSync(join(host, 'etc/hostname'), 'node-a\n');
    writeFileSync(
      join(host, 'etc/m/payments.yaml'),
      'kind: Pod\nmetadata: {name: payments, namespace: prod}\nspec: {containers: [{name: cache, livenessProbe: {tcpSocket: {port: 1}}}]}\n',
    );
    const { code, stderr } = await capture();
    rmSync(join(host, 'etc'), { recursive: true });
    expect(code).toBe(ExitCode.done);
    // no runtime answers here, so the process is not found: it is told what its probe allows
    expect(stderr).toContain('liveness probe (tcpSocket) of cache: every 10 s');
  });

  test('a container that is not there: the kubelet says so, and nothing else is noted', async () => {
    probes({ livenessProbe: { httpGet: {} } });
    const words = ['capture', 'prod/payments-node-a/nope', ...scene.connection(), '-r', recipient];
    const { code, stderr } = await coldcase([...words, '-o', scene.out, '--host-root', host]);
    expect(code).toBe(ExitCode.notFound);
    expect(stderr).not.toContain('probe');
  });

  test('the processes are not to be seen', async () => {
    probes({ livenessProbe: { httpGet: {} } }, { containerID: `containerd://${'f'.repeat(64)}` });
    const { code, stderr } = await capture('--keep-original');
    expect(code).toBe(ExitCode.done);
    expect(stderr).toContain('its processes are not to be seen from here');
  });
});
