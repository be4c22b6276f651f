import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dumpAtWork } from '../../src/node/freezer/at-work.js';
import { containerPids } from '../../src/node/freezer/containers.js';
import { type FreezerState, freezerState } from '../../src/node/freezer/state.js';
import { shownCommand, thawCommands } from '../../src/node/freezer/thaw-commands.js';
import { HostRoot } from '../../src/node/host/root.js';
import { lookForLeftovers } from '../../src/node/leftovers/look.js';
import { coldcase } from '../support/coldcase.js';
import { recipient } from '../support/kubelet/capture-scene.js';
import { STAMP, startStandIn } from '../support/kubelet/stand-in.js';
import type { CriTarget } from './containerd/cri.js';
import { containerdTitle, hasContainerd, LabNode } from './containerd/node.js';

/** Enough that CRIU is seen at work, and that one does not wait for it. */
const MIB = '256';
const ENGINE = {
  kind: 'containerd',
  socket: '/run/containerd/containerd.sock',
  low: { name: 'runc', binary: 'runc', from: 'its default' },
} as const;

/**
 * containerd itself, with runc and CRIU: what its own behaviour is when a checkpoint is stopped in the middle, and
 * whether coldcase tells the truth of it. Packages in the lab, beside those of `lab up`:
 * `$COLDCASE_LAB run apt-get install -y --no-install-recommends containerd runc`.
 *
 * No time is relied on: containerd is killed when CRIU is seen at work, and deadlines are tried until one hits it.
 */
describe.skipIf(!hasContainerd).each([1, 2] as const)(
  `containerd, cgroup v%i, ${containerdTitle}`,
  (version) => {
    let node: LabNode;
    let host: HostRoot;

    beforeAll(async () => {
      node = await LabNode.start(version);
      host = await HostRoot.open(node.root);
    }, 120_000);

    afterAll(() => node?.stop(), 120_000);

    afterEach(() => {
      node.run('sh', '-c', 'rm -rf /tmp/ctrd-checkpoint* /var/lib/kubelet/checkpoints/*');
    });

    /** A pod of its own with one container that holds memory, all of it filled. */
    async function startContainer(): Promise<{ readonly id: string; readonly target: CriTarget }> {
      const uid = randomUUID();
      const target = { namespace: 'prod', pod: `hog-${uid.slice(0, 8)}`, uid, container: 'hog' };
      const id = await node.cri.run(target, ['/bin/hog', MIB]);
      await until(
        'the program is ready',
        () => node.run('grep', '-q', 'ready', `/tmp/logs/${uid}/hog.log`).code === 0,
      );
      return { id, target };
    }

    /** Waits until CRIU has the container's processes. */
    async function untilDumped(id: string, asked: Promise<unknown>): Promise<void> {
      let over: unknown;
      void asked.then(
        () => (over = 'it is done'),
        (error: unknown) => (over = error),
      );
      await until('CRIU is at work', async () => {
        if (over !== undefined) throw new Error(`the call ended before CRIU was seen: ${over}`);
        const pids = await containerPids(host, id);
        return pids.some((pid) => /^TracerPid:\s*[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
      });
    }

    /** What the freezer says once nobody dumps any more, and has said for a while. */
    async function settled(id: string): Promise<FreezerState> {
      let last = await freezerState(host, id);
      let since = performance.now();
      for (;;) {
        await wait(50);
        const now = await freezerState(host, id);
        const busy = await dumpAtWork(host, id);
        if (busy !== undefined || now.state !== last.state) since = performance.now();
        last = now;
        if (performance.now() - since > 3000) return now;
      }
    }

    const commandsFor = async (id: string) => {
      const state = await freezerState(host, id);
      if (state.state !== 'frozen') throw new Error(`it is ${state.state}`);
      return thawCommands(host, id, ENGINE, state);
    };

    test('a task paused with ctr: found frozen by itself, and each command that is advised thaws it', async () => {
      const { id } = await startContainer();
      expect(await freezerState(host, id)).toEqual({ state: 'running' });
      node.out('ctr', '-n', 'k8s.io', 'tasks', 'pause', id);
      const commands = await commandsFor(id);
      expect(await freezerState(host, id)).toMatchObject({ state: 'frozen', by: 'itself', complete: true });
      expect(commands.map(shownCommand)[0]).toBe(`ctr -n k8s.io tasks resume ${id}`);
      expect(commands.length).toBeGreaterThanOrEqual(3);
      for (const [index, command] of commands.entries()) {
        if (index > 0) {
          // runc's pause is one that containerd does not know of, so that each begins alike
          node.out('runc', '--root', '/run/containerd/runc/k8s.io', 'pause', id);
          expect(await freezerState(host, id)).toMatchObject({ state: 'frozen' });
        }
        if (command.kind === 'run' && command.obstacle !== undefined) continue;
        node.out('sh', '-c', shownCommand(command));
        expect(await freezerState(host, id), shownCommand(command)).toEqual({ state: 'running' });
      }
      expect(node.taskState(id)).toBe('RUNNING');
    });

    test('a checkpoint whose deadline ends while CRIU works: frozen for good, which doctor says, with the remedy', async () => {
      const { id, target } = await startContainer();
      // where CRIU's part of it lies depends on the machine, so deadlines are tried until one hits it
      for (const deadline of [400, 200, 800, 1600, 100, 3200, 6400]) {
        const asked = node.cri.checkpoint(id, '/var/lib/kubelet/checkpoints/a.tar', deadline);
        const said = await asked.then(() => 'done', String);
        const state = await settled(id);
        expect(state.state === 'frozen' ? 'PAUSED' : 'RUNNING', said).toBe(node.taskState(id));
        if (state.state === 'frozen') break;
      }
      expect(await freezerState(host, id)).toMatchObject({ state: 'frozen', by: 'itself', complete: true });
      const { stdout } = await coldcase([
        ...[
          'doctor',
          `${target.namespace}/${target.pod}/${target.container}`,
          '--host-root',
          node.root,
          '--json',
        ],
      ]);
      const frozen = JSON.parse(stdout).checks.find((one: { id: string }) => one.id === 'container.frozen');
      expect(frozen).toMatchObject({ status: 'fail' });
      expect(frozen.remedy).toContain(`ctr -n k8s.io tasks resume ${id}`);
      const [first] = await commandsFor(id);
      node.out('sh', '-c', first === undefined ? 'false' : shownCommand(first));
      expect(await freezerState(host, id)).toEqual({ state: 'running' });
      expect(node.taskState(id)).toBe('RUNNING');
    });

    test('containerd killed while CRIU works: frozen, and the images in /tmp are found, with their size', async () => {
      const { id } = await startContainer();
      const asked = node.cri.checkpoint(id, '/var/lib/kubelet/checkpoints/a.tar');
      await untilDumped(id, asked);
      node.killContainerd();
      await expect(asked).rejects.toThrow();
      expect(await settled(id)).toMatchObject({ state: 'frozen', by: 'itself' });
      const { found, unread } = await lookForLeftovers(host, {
        checkpointDirectory: '/var/lib/kubelet/checkpoints',
      });
      expect(unread).toEqual([]);
      const images = found.find(({ kind }) => kind === 'criu-images');
      expect(images).toMatchObject({ engine: 'containerd', directory: true, obstacle: undefined });
      expect(images?.path).toMatch(/^\/tmp\/ctrd-checkpoint\d+$/);
      expect(images?.size).toBeGreaterThan(Number(MIB) << 20);
      node.startContainerd();
      expect(await freezerState(host, id)).toMatchObject({ state: 'frozen' });
      node.out('ctr', '-n', 'k8s.io', 'tasks', 'resume', id);
      expect(await freezerState(host, id)).toEqual({ state: 'running' });
    });

    test('capture through a kubelet over it: left frozen is told with what thaws it, and time enough is a success', async () => {
      const { id, target } = await startContainer();
      const { namespace, pod, uid, container } = target;
      let deadline: number | undefined;
      const state = {
        running: true,
        kind: 'container',
        image: 'localhost/hog:lab',
        name: container,
      } as const;
      const kubelet = await startStandIn({
        pods: [
          {
            namespace,
            name: pod,
            uid,
            containers: [{ ...state, status: { containerID: `containerd://${id}` } }],
          },
        ],
        checkpoint: async () => {
          const path = `/var/lib/kubelet/checkpoints/checkpoint-${pod}_${namespace}-${container}-${STAMP}.tar`;
          await node.cri.checkpoint(id, path, deadline);
          return path;
        },
      });
      const out = kubelet.file('evidence', '');
      rmSync(out);
      const capture = () =>
        coldcase([
          ...['capture', `${namespace}/${pod}/${container}`, '--host-root', node.root, '--json'],
          ...['--kubelet', kubelet.url, '--certificate-authority', kubelet.ca],
          ...['--client-certificate', kubelet.client('admin').both, '-r', recipient, '-o', `${out}/`],
        ]);
      try {
        let outcome: unknown;
        for (deadline of [400, 200, 800, 1600, 100, 3200, 6400]) {
          const { stdout, stderr, code } = await capture();
          [{ outcome }] = JSON.parse(stdout).workloads;
          expect(outcome === 'left frozen' ? 'PAUSED' : 'RUNNING', stderr).toBe(node.taskState(id));
          if (outcome !== 'left frozen') continue;
          expect(code).toBe(1);
          expect(stderr).toContain('WAS LEFT FROZEN');
          expect(stderr).toContain(`ctr -n k8s.io tasks resume ${id}`);
          break;
        }
        expect(outcome).toBe('left frozen');
        node.out('ctr', '-n', 'k8s.io', 'tasks', 'resume', id);
        node.run('sh', '-c', 'rm -rf /tmp/ctrd-checkpoint* /var/lib/kubelet/checkpoints/*');
        deadline = undefined;
        const { stdout, code, stderr } = await capture();
        expect(code, stderr).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({
          workloads: [{ outcome: 'running' }],
          captured: [{ proved: true, original: { removed: true } }],
        });
        expect(node.out('ls', '/var/lib/kubelet/checkpoints')).toBe('');
        expect(node.taskState(id)).toBe('RUNNING');
      } finally {
        await kubelet.close();
      }
    });
  },
);

/** Looks until it is so. What never comes ends the test by its own limit. */
async function until(what: string, look: () => unknown): Promise<void> {
  for (const end = performance.now() + 60_000; !(await look()); await wait(10)) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
  }
}
