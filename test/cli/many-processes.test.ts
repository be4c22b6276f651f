import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manyProcesses, tarOf } from '../support/many-processes.js';
import { measured } from '../support/measured.js';

const COUNT = 10_000;
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
