import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN } from '../support/coldcase.js';
import { manyProcesses, tarOf } from '../support/many-processes.js';

const COUNT = 10_000;
const USAGE = new URL('../bench/report-usage.js', import.meta.url).href;
const MIB = 1024 * 1024;

let directory: string;
let tar: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-many-'));
  tar = join(directory, 'many.tar');
  const file = openSync(tar, 'wx', 0o600);
  for (const piece of tarOf(await manyProcesses(COUNT))) writeSync(file, piece);
  closeSync(file);
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

interface Measured {
  readonly code: number | null;
  readonly stderr: string;
  /** How often `mark` is in what it printed. */
  readonly marks: number;
  /** The most memory that it had, in bytes. */
  readonly peak: number;
}

async function measured(words: readonly string[], mark: string): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', USAGE, BIN, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [, stdout, stderr, usage] = child.stdio;
  const texts = { stderr: '', usage: '' };
  let marks = 0;
  let rest = '';
  stdout?.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1');
    marks += text.split(mark).length - 1;
    rest = text.slice(Math.max(text.lastIndexOf(mark) + mark.length, text.length - mark.length + 1));
  });
  stderr?.on('data', (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  usage?.on('data', (chunk: Buffer) => {
    texts.usage += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const { rss }: { rss: number } = JSON.parse(texts.usage);
  return { code, stderr: texts.stderr, marks, peak: rss };
}

describe(`a checkpoint of ${COUNT} processes`, { timeout: 120_000 }, () => {
  test.each([
    [['ps', '--json'], '"ppid": ', COUNT],
    [['show', '--json'], '"checkpointSize": ', 1],
    [['inspect', '--json'], '"checkpointSize": ', 1],
    [['files', '--json'], '"closeOnExec": ', undefined],
    [['sockets', '--json'], '"receiveQueue": ', undefined],
    [['inspect', '--all', '--json'], '"ppid": ', COUNT],
  ] as const)('%j takes less than 512 MiB', async ([command, ...flags], mark, count) => {
    const done = await measured([command, tar, ...flags], mark);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.marks).toBeGreaterThanOrEqual(count ?? COUNT);
    if (count !== undefined) expect(done.marks).toBe(count);
    expect(done.peak).toBeLessThan(512 * MIB);
  });
});
