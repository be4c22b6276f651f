import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase } from '../support/coldcase.js';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'coldcase-usage-'));
});
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  [['seal'], "missing required argument 'file'", 'seal'],
  [['capture', '--outptu', 'x'], "unknown option '--outptu' (Did you mean --output?)", 'capture'],
  [['verify', 'a', 'b'], "too many arguments for 'verify'", 'verify'],
  [['nosuch'], "unknown command 'nosuch'", undefined],
])('a mistake in the command line says what and how: %j', async (words, what, command) => {
  const { code, stdout, stderr } = await coldcase(words);
  expect(code).toBe(ExitCode.usage);
  expect(stdout).toBe('');
  const [first, second, ...more] = stderr.trimEnd().split('\n');
  expect(first).toContain(`coldcase: ${what}`);
  expect(second).toBe(`  coldcase ${command === undefined ? '' : `${command} `}--help shows how it is used`);
  expect(more).toEqual([]);
});

describe('what is no archive', () => {
  test('a FIFO that nobody writes to can be interrupted', { timeout: 30_000 }, async () => {
    const fifo = join(root, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const recipient = await identityToRecipient(await generateX25519Identity());
    const { code, stderr } = await coldcase(['seal', fifo, '-r', recipient, '-o', join(root, 'out')], {
      started: (child) => setTimeout(() => child.kill('SIGINT'), 2000),
    });
    expect(stderr).toContain('stopped by SIGINT');
    expect(code).toBe(ExitCode.interrupted);
    expect(readdirSync(root)).toEqual(['fifo']);
  });

  test('a device without end as a file of recipients is refused', async () => {
    const { code, stderr } = await coldcase(['seal', '-', '-R', '/dev/zero', '-o', join(root, 'out')]);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('/dev/zero is too large');
  });

  test('a file of recipients that holds something else is not quoted', async () => {
    const identity = await generateX25519Identity();
    const path = join(root, 'key');
    writeFileSync(path, `# a key\n${identity}\n`, { mode: 0o600 });
    const { code, stderr } = await coldcase(['seal', '-', '-R', path, '-o', join(root, 'out'), '--debug']);
    expect(code).toBe(ExitCode.usage);
    expect(stderr).toContain(`line 2 of ${path} is not an age recipient`);
    expect(stderr).not.toContain(identity.slice(0, 30));
    rmSync(path);
  });
});
