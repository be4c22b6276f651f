import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ApiAnswer } from '../../../src/node/api.js';
import type { Check } from '../../../src/node/checks/check.js';
import { diagnose } from '../../../src/node/doctor.js';
import { type ExamineOptions, examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { hostCopy } from '../../support/hosts.js';
import { kubeletAnswering } from '../../support/node-api.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';

/** A kubelet that shows a pod whose container has these fields, or no pods at all. */
function kubelet(container: object | undefined): NonNullable<ExamineOptions['api']> {
  const pod = {
    metadata: { namespace: 'prod', name: 'payments' },
    spec: { containers: [{ name: 'api', ...container }] },
    status: {
      containerStatuses: [
        { name: 'api', containerID: `containerd://${ID}`, started: true, state: { running: {} } },
      ],
    },
  };
  const answer = (path: string): ApiAnswer =>
    path === '/pods' && container !== undefined
      ? { status: 200, body: JSON.stringify({ items: [pod] }) }
      : { status: 403, body: 'Forbidden' };
  return kubeletAnswering(answer);
}

async function check(
  container: object | undefined,
  named = true,
  overlay = true,
): Promise<Check | undefined> {
  const root = await hostCopy('kubeadm');
  await mkdir(join(root, 'proc/4000'), { recursive: true });
  await writeFile(join(root, 'proc/4000/cgroup'), `0::/cri-containerd-${ID}.scope\n`);
  await writeFile(join(root, 'proc/4000/status'), 'RssAnon:\t2097152 kB\n');
  if (overlay)
    await writeFile(join(root, 'proc/4000/mountinfo'), '21 1 0:46 / / ro - overlay overlay ro,lowerdir=/l\n');
  const target = named ? { namespace: 'prod', pod: 'payments', container: 'api' } : undefined;
  const options = { api: kubelet(container), noApi: undefined, target };
  const checks = await diagnose(await examine(await HostRoot.open(root), options));
  return checks.find(({ id }) => id === 'container.probes');
}

test('2 GiB on containerd: the default liveness probe fails the check, a patient one passes it', async () => {
  const likely = await check({ livenessProbe: { grpc: { port: 1 } } });
  expect(likely).toMatchObject({ status: 'fail' });
  expect(likely?.found).toMatch(
    /liveness probe \(grpc\) of api: .* after 21\.0 s; frozen for 4\.\d\d s to 31\.\d s/,
  );
  expect(await check({ livenessProbe: { failureThreshold: 6 } })).toMatchObject({ status: 'pass' });
  expect(await check({})).toMatchObject({ status: 'pass' });
});

test('what changed in its root file system is frozen time too: if it cannot be counted, it is not passed', async () => {
  const found = await check({ livenessProbe: { failureThreshold: 6 } }, true, false);
  expect(found).toMatchObject({ status: 'unknown' });
  expect(found?.found).toContain('its mounts are not to be seen');
});

test('a readiness probe warns', async () => {
  expect(await check({ readinessProbe: {} })).toMatchObject({ status: 'warn' });
});

test('without the pod it is not known, but how long it freezes; without a container, what is usual', async () => {
  const unseen = await check(undefined);
  expect(unseen).toMatchObject({ status: 'unknown' });
  const general = await check({}, false);
  expect(general).toMatchObject({ status: 'unknown' });
  expect(general?.found).toContain('21 s');
});
