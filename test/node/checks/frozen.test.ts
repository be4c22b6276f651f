import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Check } from '../../../src/node/checks/check.js';
import { frozenCheck } from '../../../src/node/checks/frozen.js';
import { examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { fakeContainer, setFreezer } from '../../support/cgroups.js';
import { startRuntime } from '../../support/cri-server.js';
import { emptyHost } from '../../support/hosts.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';
const OTHER = ID.replace('4242', '4343');
const TARGET = { namespace: 'prod', pod: 'payments', container: 'api' };

/** The check, of one container as the runtime tells its ID, or of the whole node. */
async function check(root: string, target?: typeof TARGET): Promise<Check> {
  const runtime = await startRuntime(join(root, 'run/containerd/containerd.sock'), {
    ...{ name: 'containerd', version: 'v2.1.9', checkpoint: { status: 5, message: 'not found' } },
    container: { id: ID, info: { pid: 4000 } },
  });
  try {
    const host = await HostRoot.open(root);
    return await frozenCheck(await examine(host, { api: undefined, noApi: 'none', target }));
  } finally {
    await runtime.close();
  }
}

test('a frozen container fails, with what thaws it', async () => {
  const root = await emptyHost();
  const container = fakeContainer(root, { id: ID, version: 2 });
  expect(await check(root, TARGET)).toMatchObject({ id: 'container.frozen', status: 'pass' });
  container.freeze();
  const found = await check(root, TARGET);
  expect(found).toMatchObject({ status: 'fail', found: `it is frozen: ${container.cgroup} is set` });
  expect(found.remedy).toContain(`ctr -n k8s.io tasks resume ${ID}, or: runc --root`);
  container.thaw();
  setFreezer(root, '/sys/fs/cgroup/kubepods.slice', 2, { own: true, effective: true });
  setFreezer(root, container.cgroup, 2, { own: false, effective: true });
  const above = await check(root, TARGET);
  expect(above.found).toBe('it is frozen with a cgroup above it: /sys/fs/cgroup/kubepods.slice');
  expect(above.remedy).not.toContain('ctr');
  container.exit();
  expect(await check(root, TARGET)).toMatchObject({
    status: 'unknown',
    found: 'no process of it is seen here',
  });
});

test('without a container, those of the whole node are looked at', async () => {
  const root = await emptyHost();
  expect(await check(root)).toMatchObject({ status: 'unknown' });
  const container = fakeContainer(root, { id: ID, version: 1 });
  fakeContainer(root, { id: OTHER, version: 1, pid: 4100, path: `/kubepods/podY/${OTHER}` });
  expect(await check(root)).toMatchObject({
    status: 'pass',
    found: 'none of 2 containers of this node is frozen',
  });
  container.freeze();
  const found = await check(root);
  expect(found).toMatchObject({ status: 'fail', found: '1 of 2 containers are frozen: 499dc0ffee49' });
  expect(found.remedy).toContain(ID);
  container.thaw();
  writeFileSync(join(root, container.cgroup, 'freezer.state'), '');
  expect(await check(root)).toMatchObject({ status: 'unknown', found: expect.stringMatching(/^1 of 2: /) });
});
