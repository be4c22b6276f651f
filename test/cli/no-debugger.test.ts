import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BIN } from '../support/coldcase.js';
import { rawHeader } from '../support/raw-tar.js';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const PART = 8 * 1024 * 1024;
/** The debugger on any port that is free, so that these do not meet on 9229. */
const ANY_PORT = '--inspect-port=0';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function start(words: readonly string[], options = ANY_PORT): Child {
  const env = { ...process.env, NODE_OPTIONS: options };
  return spawn(process.execPath, words, { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

const pidOf = ({ pid }: Child): number => pid ?? -1;

/** TCP sockets that a process listens on: its open files that are sockets, and of these the ones in state 0A. */
function listening(pid: number): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]];
    } catch {
      return []; // closed in between
    }
  });
  const lines = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n'),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields
    .filter(([, , , state, , , , , , inode]) => state === '0A' && open.includes(inode))
    .map(([, at]) => at ?? '');
}

/** Waits until node catches SIGUSR1, to open its debugger. */
async function caught(pid: number): Promise<void> {
  for (;;) {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    if ((BigInt(`0x${mask}`) & (1n << 9n)) !== 0n) return;
    await delay(0);
  }
}

const linux = process.platform === 'linux';

test.runIf(linux)(
  'node opens its debugger at a SIGUSR1, and this test sees it',
  { timeout: 60_000 },
  async () => {
    const child = start(['-e', 'setInterval(() => {}, 1000)']);
    await caught(pidOf(child));
    child.kill('SIGUSR1');
    while (listening(pidOf(child)).length === 0) await delay(10);
    child.kill('SIGKILL');
  },
);

/** Seals a tar that it is given in two parts, with a signal before them and one between them. */
async function sealWith(
  wait: number,
  options?: string,
): Promise<{ listens: string[]; code: number | null; size: number }> {
  const child = start([BIN, 'seal', '-', '-r', RECIPIENT, '-o', '-'], options);
  let size = 0;
  let wake = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    wake();
  });
  child.stderr.resume();
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const more = (from: number): Promise<void> =>
    new Promise((resolve) => {
      wake = () => size > from && resolve();
      wake();
    });
  await caught(pidOf(child));
  await delay(wait);
  child.kill('SIGUSR1');
  child.stdin.write(rawHeader({ name: 'random', size: 2 * PART }));
  child.stdin.write(randomBytes(PART));
  await more(PART / 2);
  const listens = listening(pidOf(child));
  child.kill('SIGUSR1');
  const before = size;
  child.stdin.write(randomBytes(PART));
  await more(before + PART / 2);
  listens.push(...listening(pidOf(child)));
  child.stdin.end(Buffer.alloc(1024));
  return { listens, code: await ended, size };
}

// from the moment at which node itself catches the signal, long before a line of ours runs
test.runIf(linux).each([0, 5, 10, 20, 40, 200])(
  'coldcase does not, %i ms after it could, and goes on; nor while its threads work',
  { timeout: 60_000 },
  async (wait) => {
    const { listens, code, size } = await sealWith(wait);
    expect(listens).toEqual([]);
    expect(code).toBe(0);
    expect(size).toBeGreaterThan(2 * PART);
  },
);

test.runIf(linux)('who starts node with its debugger has it', { timeout: 60_000 }, async () => {
  const { listens, code } = await sealWith(0, '--inspect=127.0.0.1:0');
  expect(listens).toHaveLength(2);
  expect(code).toBe(0);
});
