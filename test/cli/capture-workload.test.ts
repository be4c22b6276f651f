import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { fakeContainer } from '../support/cgroups.js';
import { captureScene, SEALED } from '../support/kubelet/capture-scene.js';
import { engineScene, idOf } from '../support/kubelet/engine-scene.js';
import { PODS } from '../support/kubelet/stand-in.js';

const scene = captureScene();
const ID = idOf('cache');
const RESUME = `ctr -n k8s.io tasks resume ${ID}`;

describe('the workload of a capture', () => {
  test('ran before and after: in the receipt, as JSON, and in the record', async () => {
    const node = await engineScene(scene);
    const { code, stdout, stderr } = await node.capture();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^workload +ran before and after(, stood still for .*)?; 63616368652e, 0 restarts$/m,
    );
    const json = await node.capture(['--json']);
    const look = { id: ID, restartCount: 0, state: 'running', why: null };
    const fate = { outcome: 'running', before: look, after: look, thaw: [], attempts: [] };
    expect(JSON.parse(json.stdout).workloads).toMatchObject([{ container: 'cache', ...fate }]);
    const manifest = JSON.parse(readFileSync(join(scene.out, `${SEALED('cache')}.json`), 'utf8'));
    expect(manifest.capture.workload).toMatchObject(fate);
  });

  test('a deadline that ends midway leaves it frozen a moment after the answer: told loudly, with what thaws it', async () => {
    const node = await engineScene(scene, { takes: () => 100_000 });
    const { code, stdout, stderr } = await node.capture(['--json']);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('took longer than the kubelet allowed');
    expect(stderr).toContain('an archive may still appear');
    expect(stderr).toContain('prod/payments-node-a/cache WAS LEFT FROZEN: it ran when the capture began');
    expect(stderr.split('\n')).toContain(RESUME);
    const { workloads, failures } = JSON.parse(stdout);
    expect(workloads).toMatchObject([
      { outcome: 'left frozen', before: { state: 'running' }, after: { state: 'frozen' } },
    ]);
    expect(workloads[0].thaw[0]).toBe(RESUME);
    expect(failures).toHaveLength(2);

    // the retry succeeds, and does not pass over it in silence
    await engineRetry(node.root);
  });

  async function engineRetry(root: string): Promise<void> {
    const again = await engineScene(scene, { freezer: () => undefined });
    const container = fakeContainer(again.root, { id: ID, version: 2 });
    container.freeze();
    expect(root).not.toBe(again.root);
    const { code, stdout, stderr } = await again.capture();
    expect(code).toBe(0);
    expect(stderr).toContain(
      `is frozen already, before this capture, and will be left so; what thaws it: ${RESUME}`,
    );
    expect(stdout).toMatch(/^workload +was frozen before, and left so; 63616368652e, 0 restarts$/m);
  }

  test('its first process ends, and the kubelet starts another: told, with the new ID', async () => {
    const next = idOf('next');
    const node = await engineScene(scene, {
      midway: async () => {
        node.container.exit();
        fakeContainer(node.root, { id: next, version: 2, pid: 4100 });
        scene.kubelet.state.pods = PODS.map((pod) => ({
          ...pod,
          containers: pod.containers.map((one) =>
            one.name === 'cache'
              ? { ...one, status: { containerID: `containerd://${next}`, restartCount: 1 } }
              : one,
          ),
        }));
      },
      freezer: () => undefined,
    });
    const { code, stdout } = await node.capture();
    scene.kubelet.state.pods = PODS;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^workload +ended and restarted: 63616368652e, 0 restarts; now 6e6578742e2e, 1 restart$/m,
    );
  });

  test('whoever stops waiting is told that it is frozen, and never thaws under an engine at work', async () => {
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const node = await engineScene(scene, { midway: () => left });
    const gaveUp = await node.capture(['--request-timeout', '1']);
    leave();
    expect(gaveUp.code).toBe(ExitCode.failed);
    expect(gaveUp.stderr).toContain('this gives up after 1.00 s, but the kubelet only after 5 min 30 s');
    expect(gaveUp.stderr).toContain('no answer from');
    expect(gaveUp.stderr).toContain(
      'prod/payments-node-a/cache is frozen now: criu (PID 72) is still at work, for at most 5 min 30 s in all',
    );
    expect(gaveUp.stderr).toContain(RESUME);
    expect(gaveUp.stderr).not.toContain('LEFT FROZEN');
  });

  test('what cannot be seen is not known, with the reason', async () => {
    const node = await engineScene(scene, { freezer: () => undefined });
    node.container.exit();
    const { code, stdout } = await node.capture(['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).workloads).toMatchObject([
      {
        outcome: 'not known',
        before: { id: ID, state: 'not known', why: 'no process of it is seen on this machine' },
      },
    ]);
  });
});

describe('the time that is asked for', () => {
  test('is computed from the memory, ten minutes where it is not known, and what is given where it is', async () => {
    const asked = () => scene.kubelet.requests.filter((line) => line.startsWith('POST')).at(-1);
    const path = 'POST /checkpoint/prod/payments-node-a/cache';
    const node = await engineScene(scene, {}, { memory: 8 << 20 });
    await node.capture();
    expect(asked()).toBe(`${path}?timeout=840`);
    await node.capture(['--timeout', '7']);
    expect(asked()).toBe(`${path}?timeout=7`);
    node.container.exit();
    await node.capture();
    expect(asked()).toBe(`${path}?timeout=600`);
  });

  test('coldcase never gives up before the kubelet does: runtimeRequestTimeout counts', async () => {
    scene.kubelet.state.runtimeRequestTimeout = 900;
    const node = await engineScene(scene);
    const { stderr } = await node.capture(['--timeout', '1', '--request-timeout', '899']);
    scene.kubelet.state.runtimeRequestTimeout = 120;
    expect(stderr).toContain('this gives up after 14 min 59 s, but the kubelet only after 15 min 00 s');
    const { stderr: nothing } = await node.capture(['--timeout', '1', '--request-timeout', '899']);
    expect(nothing).toBe('');
  });
});

test('--thaw runs no program below another root', async () => {
  const node = await engineScene(scene);
  const { code, stderr } = await node.capture(['--thaw']);
  expect(code).toBe(ExitCode.usage);
  expect(stderr).toContain('none below --host-root is ever run');
});
