// Expressions of the user's that try every way in which a text could match, on texts made for that.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coldcase } from '../support/coldcase.js';
import { encode } from '../support/criu-image.js';
import { checkpointTar, numbered, plain } from '../support/hostile-sums.js';
import { samplePath } from '../support/samples.js';

const SLOW = 'comm~^([a-z]+)+$';
const directory = mkdtempSync(join(tmpdir(), 'coldcase-expressions-'));
const tar = join(directory, 'slow.tar');
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(() => {
  const tc = encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: `${'a'.repeat(60)}!` });
  const core = numbered('CORE', 1, () => encode({ 1: 1, 3: tc }));
  const fd = openSync(tar, 'wx', 0o600);
  for (const piece of plain(checkpointTar({ 'checkpoint/core-1.img': core }))) writeSync(fd, piece);
  closeSync(fd);
});

test('a filter that would take for ever is given up', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await coldcase(['ps', tar, '--filter', SLOW]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('coldcase: the expression ^([a-z]+)+$ takes longer than 2 s');
  expect(stderr).toContain('\n  write it without repetition within repetition');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s reaches it', { timeout: 60_000 }, async (signal) => {
  const { code, stdout } = await coldcase(['ps', tar, '--filter', SLOW], {
    // the last thing that is said before the rows are filtered
    started: (child) => child.stderr?.once('data', () => child.kill(signal)),
  });
  // 1 where the time was up before the signal came, which a busy machine can bring about
  expect([1, 130]).toContain(code);
  expect(stdout).toBe('');
});

test('memory search gives up an expression, and a signal reaches it', { timeout: 120_000 }, async () => {
  const words = [
    'memory',
    'search',
    samplePath('podman-incident'),
    '--regex',
    '(([^\\x01]+)+)+\\x02\\x03\\x01\\x04\\x05',
  ];
  const done = await coldcase(words);
  expect(done).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the regular expression took too long'),
  });
  const stopped = await coldcase(words, {
    started: (child) => setTimeout(() => child.kill('SIGTERM'), 1000),
  });
  expect([1, 130]).toContain(stopped.code);
});
