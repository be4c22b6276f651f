import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ApiAnswer } from '../../../src/node/api.js';
import type { Check } from '../../../src/node/checks/check.js';
import { machineChecks } from '../../../src/node/checks/machine.js';
import { type ExamineOptions, examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { emptyHost } from '../../support/hosts.js';

const METRICS = (bootID: string): string =>
  `machine_cpu_cores{boot_id="${bootID}",machine_id="",system_uuid=""} 2\n`;

/** An API that answers these paths. */
function answering(
  via: 'kubelet' | 'api-server',
  answers: Readonly<Record<string, string>>,
): NonNullable<ExamineOptions['api']> {
  const answer = (path: string): ApiAnswer => {
    const body = answers[path];
    return body === undefined ? { status: 403, body: 'Forbidden' } : { status: 200, body };
  };
  return {
    where: '192.0.2.7:10250',
    via,
    credentials: "a test's",
    credentialsEnd: undefined,
    node: via === 'kubelet' ? undefined : 'node-a',
    kubeletPath: (...segments) => `/${segments.join('/')}`,
    request: async (_, path) => answer(path),
    kubeletVersion: async () => 'v1.36.0',
  };
}

async function check(
  api: NonNullable<ExamineOptions['api']>,
  pods: readonly string[] = [],
): Promise<Check | undefined> {
  const root = await emptyHost();
  await mkdir(join(root, 'proc/sys/kernel/random'), { recursive: true });
  await writeFile(join(root, 'proc/sys/kernel/random/boot_id'), 'aaaa\n');
  for (const uid of pods) await mkdir(join(root, 'var/lib/kubelet/pods', uid), { recursive: true });
  const target = pods.length === 0 ? undefined : { namespace: 'prod', pod: 'web', container: 'api' };
  const examination = await examine(await HostRoot.open(root), { api, noApi: undefined, target });
  return (await machineChecks(examination))[0];
}

const node = (bootID: string): string => JSON.stringify({ status: { nodeInfo: { bootID } } });

test('through the API server, by the boot id of the node', async () => {
  const path = '/api/v1/nodes/node-a';
  expect(await check(answering('api-server', { [path]: node('aaaa') }))).toMatchObject({ status: 'pass' });
  const other = await check(answering('api-server', { [path]: node('bbbb') }));
  expect(other).toMatchObject({ id: 'api.machine', status: 'fail' });
  expect(other?.found).toContain('node-a is another machine than this');
});

test("of a kubelet, by cAdvisor's metrics; silent ones are not known", async () => {
  expect(await check(answering('kubelet', { '/metrics/cadvisor': METRICS('aaaa') }))).toMatchObject({
    status: 'pass',
  });
  expect(await check(answering('kubelet', { '/metrics/cadvisor': METRICS('bbbb') }))).toMatchObject({
    status: 'fail',
  });
  expect(await check(answering('kubelet', {}))).toMatchObject({ status: 'unknown' });
});

test("by the kubelet's directory of the pod", async () => {
  const pod = { metadata: { namespace: 'prod', name: 'web', uid: 'u-1' }, spec: {}, status: {} };
  const api = answering('kubelet', { '/pods': JSON.stringify({ items: [pod] }) });
  expect(await check(api, ['u-1'])).toMatchObject({ status: 'pass' });
  expect(await check(api, ['u-2'])).toMatchObject({ status: 'fail' });
  const annotations = { 'kubernetes.io/config.hash': 'u-2' };
  const claims = { ...pod, metadata: { ...pod.metadata, annotations } };
  const claimed = answering('kubelet', { '/pods': JSON.stringify({ items: [claims] }) });
  expect(await check(claimed, ['u-2'])).toMatchObject({ status: 'fail' });
});
