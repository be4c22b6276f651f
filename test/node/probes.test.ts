import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.js';
import { type PodInfo, parsePod } from '../../src/kubelet/pods.js';
import { loadKubeletConfig } from '../../src/node/config/kubelet.js';
import type { RuntimeKind } from '../../src/node/facts/runtime-settings.js';
import type { FreezeEstimate } from '../../src/node/freeze.js';
import { HostRoot } from '../../src/node/host/root.js';
import { kills, probeAllowance, probesAtRisk, probesConcerned } from '../../src/node/probes.js';
import { findStaticPod } from '../../src/node/static-pods.js';
import { emptyHost } from '../support/hosts.js';

const NOW = new Date('2026-11-23T16:30:00Z');

/** A pod that runs these containers since half an hour, well started. */
function pod(
  containers: readonly JsonObject[],
  statuses: Readonly<Record<string, JsonObject>> = {},
  spec: JsonObject = {},
): PodInfo {
  const parsed = parsePod({
    metadata: { namespace: 'prod', name: 'web' },
    spec: { containers, terminationGracePeriodSeconds: 45, ...spec },
    status: {
      containerStatuses: containers.map((one) => {
        const name = String(one['name'] ?? '');
        const state = { running: { startedAt: '2026-11-23T16:00:00Z' } };
        return { name, state, started: true, ...statuses[name] };
      }),
    },
  });
  if (parsed === undefined) throw new Error('no pod');
  return parsed;
}

/** The allowance, in seconds, of the first probe of the first container. */
function allowance(probe: JsonObject, startedAt: string | null = '2026-11-23T16:00:00Z'): number {
  const [first] = pod([{ name: 'api', livenessProbe: probe }]).containers[0]?.probes ?? [];
  if (first === undefined) throw new Error('no probe');
  return probeAllowance(first, startedAt, NOW) / 1000;
}

describe('the shortest freeze that a probe does not survive', () => {
  test.each([
    ['the defaults', {}, 21],
    ['zeros are the defaults', { periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0 }, 21],
    ['the sharpest there is', { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 }, 1],
    ['a usual sharp one', { periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 }, 7],
    ['one failure', { periodSeconds: 60, timeoutSeconds: 5, failureThreshold: 1 }, 5],
    ['probes that take longer than the period', { periodSeconds: 5, timeoutSeconds: 8 }, 24],
    ['nonsense is the defaults', { periodSeconds: 'x', timeoutSeconds: -3, failureThreshold: 1.5 }, 21],
  ])('%s', (_, probe, seconds) => {
    expect(allowance(probe)).toBe(seconds);
  });

  test('before its initial delay is over nothing is asked', () => {
    expect(allowance({ initialDelaySeconds: 60 }, '2026-11-23T16:29:30Z')).toBe(30 + 21);
    expect(allowance({ initialDelaySeconds: 60 }, null)).toBe(21);
  });
});

describe('the probes that are made', () => {
  const both = { name: 'api', startupProbe: {}, livenessProbe: {}, readinessProbe: {} };
  const roles = (status: JsonObject): string[] => {
    const it = pod([both], { api: status });
    return probesConcerned(it, { container: 'api', engine: 'containerd' }, NOW).map(
      ({ probe }) => probe.role,
    );
  };

  test('once started, no startup probe; until then, only that one; if nobody tells, all', () => {
    expect(roles({ started: true })).toEqual(['liveness', 'readiness']);
    expect(roles({ started: false })).toEqual(['startup']);
    expect(roles({ started: null })).toEqual(['startup', 'liveness', 'readiness']);
    expect(roles({ state: { terminated: {} } })).toEqual([]);
  });

  test('the grace of the probe before that of the pod', () => {
    const of = (probe: JsonObject): number | undefined => {
      const it = pod([{ name: 'api', livenessProbe: probe }]);
      return probesConcerned(it, { container: 'api', engine: 'containerd' }, NOW)[0]?.grace;
    };
    expect(of({})).toBe(45);
    expect(of({ terminationGracePeriodSeconds: 5 })).toBe(5);
  });
});

describe('the probes at risk', () => {
  const seconds = (criu: number, frozen: number): FreezeEstimate => ({
    criu: { from: 0, to: criu * 1000 },
    frozen: { from: 0, to: frozen * 1000 },
  });
  const risks = (it: PodInfo, estimate: FreezeEstimate, engine: RuntimeKind = 'containerd'): string[] =>
    probesAtRisk(it, { container: 'api', engine }, estimate, NOW).map(
      (risk) => `${risk.container} ${risk.probe.role} ${risk.why} ${kills(risk) ? 'killed' : 'out'}`,
    );

  test('own ones by the whole freeze; a readiness probe kills nobody', () => {
    const it = pod([{ name: 'api', livenessProbe: {}, readinessProbe: { failureThreshold: 1 } }]);
    expect(risks(it, seconds(0.5, 0.9))).toEqual([]);
    expect(risks(it, seconds(5, 20.9))).toEqual(['api readiness frozen out']);
    expect(risks(it, seconds(5, 21))).toEqual(['api liveness frozen killed', 'api readiness frozen out']);
  });

  test("CRIU locks the pod's network, so other containers' probes count unless they are exec", () => {
    const it = pod([
      { name: 'api' },
      { name: 'proxy', livenessProbe: { httpGet: { port: 1 } } },
      { name: 'cache', livenessProbe: { exec: { command: ['secret'] } } },
    ]);
    expect(risks(it, seconds(20, 300))).toEqual([]);
    expect(risks(it, seconds(22, 300))).toEqual(['proxy liveness network locked killed']);
  });

  test("the node's network is never locked", () => {
    const tcp = { tcpSocket: { port: 1 } };
    const containers = [
      { name: 'api', livenessProbe: tcp },
      { name: 'proxy', livenessProbe: tcp },
    ];
    expect(risks(pod(containers), seconds(22, 22))).toEqual([
      'api liveness network locked killed',
      'proxy liveness network locked killed',
    ]);
    const host = pod(containers, {}, { hostNetwork: true });
    expect(risks(host, seconds(22, 22))).toEqual(['api liveness not accepting out']);
  });

  test('a listener that is frozen is connected to until its queue is full: told, and not refused', () => {
    const it = pod([{ name: 'api', livenessProbe: { tcpSocket: { port: 1 } } }]);
    expect(risks(it, seconds(20, 20))).toEqual([]);
    expect(risks(it, seconds(5, 300))).toEqual(['api liveness not accepting out']);
    expect(risks(it, seconds(21, 300))).toEqual(['api liveness network locked killed']);
  });

  test('containerd refuses to exec meanwhile, which the kubelet does not count; one under way may fail', () => {
    const exec = (failureThreshold: number): PodInfo =>
      pod([{ name: 'api', livenessProbe: { exec: {}, periodSeconds: 1, failureThreshold } }]);
    expect(risks(exec(2), seconds(300, 300))).toEqual([]);
    expect(risks(exec(1), seconds(0.5, 1))).toEqual(['api liveness frozen killed']);
    for (const engine of ['cri-o', 'unknown'] as const)
      expect(risks(exec(2), seconds(300, 300), engine)).toEqual(['api liveness frozen killed']);
  });
});

describe('a static pod, for those who may not ask', () => {
  test('is found by its manifest, under its name on the node', async () => {
    const root = await emptyHost();
    const put = async (path: string, text: string): Promise<void> => {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), text);
    };
    await put('proc/sys/kernel/hostname', 'Node-A\n');
    await put(
      'etc/systemd/system/kubelet.service',
      '[Service]\nExecStart=/usr/bin/kubelet --pod-manifest-path=/m\n',
    );
    await put('m/.hidden.yaml', 'kind: Pod\nmetadata: {name: web}\n');
    await put('m/broken.yaml', 'kind: Pod\nmetadata: {name: [\n');
    await put('m/other.yaml', 'kind: Pod\nmetadata: {name: web, namespace: dev}\n');
    await put(
      'm/web.yaml',
      'kind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: api\n    livenessProbe: {periodSeconds: 3}\n',
    );
    const host = await HostRoot.open(root);
    const find = async (name: string, namespace = 'default') =>
      findStaticPod(host, await loadKubeletConfig(host), { namespace, pod: name, container: 'api' });
    expect(await find('web-node-a')).toMatchObject({
      name: 'web-node-a',
      containers: [{ name: 'api', probes: [{ role: 'liveness', periodSeconds: 3, timeoutSeconds: 1 }] }],
    });
    expect(await find('web')).toBeUndefined();
    expect(await find('web-node-a', 'prod')).toBeUndefined();
  });
});
