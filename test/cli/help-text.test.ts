import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { fitHelp } from '../../src/cli/help-text.js';
import { coldcase } from '../support/coldcase.js';

test('prose is filled, rows hang, examples and what fits stay as they are', () => {
  const text = [
    'A sentence that is longer than the line it is shown on, and one',
    'more.',
    '',
    'Fields:',
    '  name    what it is called by those who made it',
    '  size    bytes',
    'Example:',
    '  coldcase show --with a-very-long-argument-that-is-copied',
  ].join('\n');
  expect(fitHelp(text, 30)).toBe(
    [
      'A sentence that is longer than',
      'the line it is shown on, and',
      'one more.',
      '',
      'Fields:',
      '  name    what it is called by',
      '          those who made it',
      '  size    bytes',
      'Example:',
      '  coldcase show --with a-very-long-argument-that-is-copied',
    ].join('\n'),
  );
  expect(fitHelp(text, 80)).toBe(text);
});

describe('the help of every command fits 80 columns, but for what is to be copied or seen in its shape', () => {
  test.each(Object.keys(COMMANDS))('%s', async (command) => {
    const { code, stdout } = await coldcase([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}coldcase /);
    const wide = stdout.split('\n').filter((line) => line.length > 80);
    expect(wide.filter((line) => !/^ +(coldcase|gdb|age) |[{}[\]]/.test(line))).toEqual([]);
  });
});

test.each([
  [
    ['memory', 'dump', 'x.tar'],
    "required option '-p, --pid <pid>' not specified",
    'coldcase memory dump --help',
  ],
  [['node', 'paths', '--zzzz'], "unknown option '--zzzz'", 'coldcase node paths --help'],
  [
    ['ps', 'x.tar', '-p', 'x'],
    "option '-p, --pid <pid>' argument 'x' is invalid: not a PID",
    'coldcase ps --help',
  ],
])('a mistake in %j is answered by the help of that very command', async (words, message, help) => {
  const { code, stderr } = await coldcase(words);
  expect([code, stderr]).toEqual([2, `coldcase: ${message}\n  ${help} shows how it is used\n`]);
});

test('URLs that cannot be read, and a directory, say what to do', async () => {
  const s3 = await coldcase(['show', 's3://bucket/x.tar']);
  expect([s3.code, s3.stderr.split('\n')[0]]).toEqual([
    2,
    'coldcase: s3://bucket/x.tar: only http and https URLs are read',
  ]);
  const nobody = await coldcase(['show', 'http://127.0.0.1:1/x.tar']);
  expect([nobody.code, nobody.stderr]).toEqual([
    1,
    'coldcase: http://127.0.0.1:1/x.tar cannot be read (ECONNREFUSED)\n  nothing listens there: check host and port\n',
  ]);
  const directory = await coldcase(['show', '/']);
  expect([directory.code, directory.stderr]).toEqual([
    6,
    'coldcase: / is a directory\n  name a file in it\n',
  ]);
});
