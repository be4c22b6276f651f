import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddedEngine } from '../../src/kubelet/embedded/engine.js';
import { coldcase } from '../support/coldcase.js';
import { captureScene, recipient, TARGET } from '../support/kubelet/capture-scene.js';
import { PODS } from '../support/kubelet/stand-in.js';
import { type RealContainer, realContainer, usableFreezer } from '../support/real-freezer.js';

const scene = captureScene();
let runtime: ChildProcess | undefined;
const top = usableFreezer(1) ?? usableFreezer(2);
const version = usableFreezer(1) === undefined ? 2 : 1;

describe.skipIf(top === undefined)("--thaw, with the kernel's own freezer (needs root and a freezer)", () => {
  let container: RealContainer | undefined;
  const real = (): RealContainer => {
    if (container === undefined) throw new Error('no container');
    return container;
  };
  beforeAll(async () => {
    container = await realContainer(version, top ?? '');
    scene.kubelet.state.pods = PODS.map((pod) => ({
      ...pod,
      containers: pod.containers.map((one) =>
        one.name === 'cache' ? { ...one, status: { containerID: `containerd://${real().id}` } } : one,
      ),
    }));
    scene.kubelet.state.checkpoint = embeddedEngine({
      kind: 'containerd',
      id: () => real().id,
      takes: () => 1_000_000,
      // the freezer closes only after the answer, when the dump is no more at work: seen by a process of its name
      freezer: () => ({
        freeze: () => void real().freeze(),
        thaw: () => undefined,
        trace: (on) => {
          if (on) runtime = pretendRuntime(real().id);
          else runtime?.kill('SIGKILL');
        },
      }),
      write: () => '',
    });
  });
  afterAll(() => real().end());
  const capture = (...words: string[]) =>
    coldcase(['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', scene.out, ...words]);

  test('thaws what the capture left frozen, and leaves frozen what was so before', async () => {
    const thawed = await capture('--thaw', '--json');
    expect(thawed.code).toBe(1);
    expect(JSON.parse(thawed.stdout).workloads).toMatchObject([
      { outcome: 'thawed', before: { state: 'running' }, after: { state: 'running' } },
    ]);
    expect(thawed.stderr).toContain('was left frozen, and thawed by');
    expect(real().isFrozen()).toBe(false);

    await real().freeze();
    const left = await capture('--thaw', '--json');
    expect(JSON.parse(left.stdout).workloads).toMatchObject([{ outcome: 'paused before' }]);
    expect(left.stderr).toContain('is frozen already, before this capture, and will be left so');
    expect(real().isFrozen()).toBe(true);
  });
});

/** What is taken for `runc checkpoint ID`: root's, of this machine, and a file of that name where only root writes. */
function pretendRuntime(id: string): ChildProcess {
  const runc = join(scene.out, 'runc');
  if (!existsSync(runc)) cpSync(realpathSync('/bin/sh'), runc);
  return spawn(runc, ['-c', 'read line', 'checkpoint', id], { stdio: ['pipe', 'ignore', 'ignore'] });
}
