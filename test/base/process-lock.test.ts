import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UnsafeError } from '../../src/base/errors.js';
import { lockDirectory, takeLock } from '../../src/base/process-lock.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const NOW = { patience: 0 };
const LINUX = process.platform === 'linux';

async function held(name = 'a', patience = 0): Promise<boolean> {
  const lock = await takeLock(directory, name, { patience });
  if ('release' in lock) await lock.release();
  return 'heldBy' in lock;
}

/** Puts a ticket there as another process would, with some of its parts changed. */
async function ticketOf(
  change: Partial<Record<'pid' | 'start' | 'namespace' | 'boot', string>>,
): Promise<string> {
  const lock = await takeLock(directory, 'a', NOW);
  const [own = ''] = readdirSync(directory);
  if ('release' in lock) await lock.release();
  const [name, pid, start, namespace, boot, ...rest] = own.split('.');
  const parts = { pid, start, namespace, boot, ...change };
  const ticket = [name, parts.pid, parts.start, parts.namespace, parts.boot, ...rest].join('.');
  writeFileSync(join(directory, ticket), '');
  return ticket;
}

test('one at a time, whoever asks when; a lock given back leaves nothing', async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      const lock = await takeLock(directory, 'a', { patience: 60_000 });
      if (!('release' in lock)) throw new Error('not taken');
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      await lock.release();
    }),
  );
  expect(most).toBe(1);
  expect(readdirSync(directory)).toEqual([]);
});

test('who has it is told once, and others have locks of their own', async () => {
  const lock = await takeLock(directory, 'a', NOW);
  expect(await held('b')).toBe(false);
  const told: number[] = [];
  const second = await takeLock(directory, 'a', { patience: 300, onWait: ({ pid }) => told.push(pid) });
  expect(second).toMatchObject({ heldBy: { pid: process.pid } });
  expect(told).toEqual([process.pid]);
  if ('release' in lock) await lock.release();
  expect(await held()).toBe(false);
});

test('a signal ends the waiting', async () => {
  await takeLock(directory, 'a', NOW);
  const stop = AbortSignal.timeout(50);
  await expect(takeLock(directory, 'a', { patience: 60_000, signal: stop })).rejects.toThrow('aborted');
  expect(readdirSync(directory)).toHaveLength(1);
});

test.runIf(LINUX)(
  'a process that was killed has no lock any more, nor has another of its number',
  async () => {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const pid = String(child.pid);
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
    await ticketOf({ pid, start });
    expect(await held()).toBe(true);
    child.kill('SIGKILL');
    await ended;
    expect(await held()).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
    await ticketOf({ start: '1' }); // this process's number, of one that began at another time
    expect(await held()).toBe(false);
  },
);

test.runIf(LINUX)(
  'tickets of another boot are void, of another PID namespace while they are touched they are not',
  async () => {
    await ticketOf({ boot: '00000000' });
    expect(await held()).toBe(false);
    const ticket = await ticketOf({ pid: '1', namespace: '1' });
    expect(await held()).toBe(true);
    const old = new Date(Date.now() - 120_000);
    utimesSync(join(directory, ticket), old, old);
    expect(await held()).toBe(false);
  },
);

test('what is no ticket is left alone', async () => {
  for (const name of ['a', 'a.x.1', 'other', 'a.99999999999999.1.2.3.4.5'])
    writeFileSync(join(directory, name), '');
  expect(await held()).toBe(false);
  expect(readdirSync(directory)).toHaveLength(4);
});

test('a directory that others can write to is none for locks', async () => {
  const made = await lockDirectory(join(directory, 'x', 'y'));
  expect(made).toBe(join(directory, 'x', 'y'));
  chmodSync(made, 0o777);
  await expect(lockDirectory(made)).rejects.toBeInstanceOf(UnsafeError);
  writeFileSync(join(directory, 'file'), '');
  await expect(lockDirectory(join(directory, 'file'))).rejects.toThrow();
});
