import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase } from '../support/coldcase.js';
import { recipient } from '../support/kubelet/capture-scene.js';
import { kubeconfigScene } from '../support/kubelet/kubeconfig-scene.js';

const scene = kubeconfigScene();

test.each([
  ['capture', 'SIGINT'],
  ['capture', 'SIGTERM'],
  ['node', 'SIGINT'],
] as const)(
  '%s, %s while a login helper runs: it is stopped, and so is coldcase, at once',
  async (command, signal) => {
    const pids = join(scene.directory, 'pids');
    scene.file('pids', '');
    scene.file('hangs', `#!/bin/sh\nsleep 60 & echo $$ $! > '${pids}'\nwait\n`, 0o700);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './hangs',
      interactiveMode: 'Never',
    };
    const via = ['--kubeconfig', scene.kubeconfig({ exec }), '--node', 'node-a'];
    const words = {
      capture: ['capture', 'prod/payments-node-a/cache', '-r', recipient, '-o', scene.directory, ...via],
      node: ['node', 'status', ...via],
    }[command];
    let stopped = 0;
    const { code, stdout, stderr } = await coldcase(words, {
      started: async (child) => {
        while (readFileSync(pids, 'utf8') === '') await wait(20);
        stopped = performance.now();
        child.kill(signal);
      },
    });
    expect(performance.now() - stopped).toBeLessThan(3000);
    expect([code, stdout, stderr]).toEqual([ExitCode.interrupted, '', `coldcase: stopped by ${signal}\n`]);
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) await gone(pid);
  },
);

/** Where there is no /proc, the process is not looked for. */
async function gone(pid: string): Promise<void> {
  const state = (): string => {
    try {
      return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
    } catch {
      return '';
    }
  };
  for (let tries = 0; existsSync(`/proc/${pid}`) && state() !== 'Z'; tries += 1) {
    if (tries > 50) throw new Error(`${pid} still runs`);
    await wait(20);
  }
}
