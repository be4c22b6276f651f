import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase } from '../support/coldcase.js';
import { recipient } from '../support/kubelet/capture-scene.js';
import { samplePath } from '../support/samples.js';

const cwd = mkdtempSync(join(tmpdir(), 'coldcase-streams-'));
afterAll(() => rmSync(cwd, { recursive: true }));
const SAMPLE = samplePath('podman-incident');
const SEALED = join(BIN, '../../samples/podman-incident.tar.zst.age');
const KEY = join(BIN, '../../samples/demo-key.txt');

/** Runs coldcase as the shell line of it says. */
function shell(words: string, redirection: string): { code: number | null; stderr: string } {
  const line = `"${process.execPath}" "${BIN}" ${words} ${redirection}`;
  const { status, stderr } = spawnSync('bash', ['-c', line], { cwd, encoding: 'utf8' });
  return { code: status, stderr };
}

const NO_SPACE =
  'coldcase: cannot write to standard output: no space left on its file system\n' +
  '  free space there (df -h, df -i), or use another file system\n';

describe.runIf(existsSync('/dev/full'))('standard output on a full disk (/dev/full)', () => {
  test.each([
    '--version',
    '--help',
    'ps --help',
    `show ${SAMPLE}`,
    `ps ${SAMPLE}`,
    `env ${SAMPLE} --json`,
    `files ${SAMPLE} --format ndjson`,
    `sockets ${SAMPLE} --format csv`,
    `inspect ${SAMPLE}`,
    `diff ${SAMPLE} ${SAMPLE}`,
    `ls ${SAMPLE}`,
    `cat ${SAMPLE} config.dump`,
    `decode ${SAMPLE}`,
    `memory list ${SAMPLE}`,
    `memory strings ${SAMPLE}`,
    `memory search ${SAMPLE} AKIA`,
    `extract ${SAMPLE} --tar -`,
    `seal ${SAMPLE} -r ${recipient} -o -`,
    `unseal ${SEALED} -i ${KEY} -o -`,
    `verify ${SEALED} -i ${KEY}`,
    'keygen',
    `keygen -y ${KEY}`,
    'node --json',
    'demo',
  ])('coldcase %s', (words) => {
    const { code, stderr } = shell(words, '>/dev/full');
    // what a command says on its way, such as of a deleted file, is not what is looked at here
    const told = stderr.split('\n').filter((line) => !/^coldcase: (note|warning): /.test(line));
    expect([code, told.join('\n')]).toEqual([ExitCode.failed, NO_SPACE]);
  });

  test('what was done is not undone by a message that nobody can take', () => {
    const { code } = shell(`seal ${SAMPLE} -r ${recipient} -o sealed.age`, '2>/dev/full');
    expect(code).toBe(0);
    expect(readdirSync(cwd)).toContain('sealed.age.json');
    expect(shell('keygen', '>/dev/null 2>/dev/full').code).toBe(0);
    expect(shell('nonsense', '2>/dev/full').code).toBe(ExitCode.usage);
  });
});

test('a file that takes a part of the last write is not taken for whole', () => {
  // as on a disk that is full after so many bytes: the first write is short, only the next one fails
  for (const words of [`files ${SAMPLE} --json`, `unseal ${SEALED} -i ${KEY} -o -`]) {
    const line = `ulimit -f 4; "${process.execPath}" "${BIN}" ${words} >part`;
    const { status, stderr } = spawnSync('bash', ['-c', line], { cwd, encoding: 'utf8' });
    expect([status, stderr.split('\n')[0]]).toEqual([
      ExitCode.failed,
      'coldcase: cannot write to standard output: larger than a file can be there',
    ]);
    expect(readFileSync(join(cwd, 'part')).length).toBe(4096);
  }
});

test('a reader that has seen enough ends a command quietly, in order', () => {
  const ended = (words: string): string =>
    shell(`${words} 2>err`, `| head -c 1 >/dev/null; echo "\${PIPESTATUS[0]} $(cat err)" >&2`).stderr;
  for (const words of [`ls ${SAMPLE}`, `memory strings ${SAMPLE}`, '--help', `decode ${SAMPLE}`]) {
    expect([words, ended(words)]).toEqual([words, '0 \n']);
  }
  // what is of no use in part says so
  expect(ended(`seal ${SAMPLE} -r ${recipient} -o -`)).toMatch(/^1 coldcase: nobody reads standard output/);
  expect(ended(`extract ${SAMPLE} --tar -`)).toMatch(/^1 coldcase: nobody reads standard output/);
});

test('a demo that is cut off leaves neither its key nor anything else', () => {
  const left = (): string[] =>
    existsSync(join(cwd, 'coldcase-demo')) ? readdirSync(join(cwd, 'coldcase-demo')) : [];
  // nobody reads from the beginning
  const late = `{ sleep 1; "${process.execPath}" "${BIN}" demo 2>/dev/null; echo "$?" >code; } | true; cat code`;
  expect(spawnSync('bash', ['-c', late], { cwd, encoding: 'utf8' }).stdout).toBe('0\n');
  expect(left()).toEqual([]);
  for (const lines of [3, 12, 30]) {
    const { stderr } = shell('demo', `2>/dev/null | head -${lines} >/dev/null; echo "\${PIPESTATUS[0]}" >&2`);
    // on a busy machine it may have come to its end before anybody saw the first line
    const all = [expect.stringMatching(/\.age$/), expect.stringMatching(/\.age\.json$/), 'key.txt'];
    expect([lines, stderr, left().length === 0 ? all : left()]).toEqual([lines, '0\n', all]);
    rmSync(join(cwd, 'coldcase-demo'), { recursive: true, force: true });
  }
});

test('what nothing caught is told in a line, and never with the source', async () => {
  spawnSync('mkfifo', [join(cwd, 'fifo')]);
  for (const [script, message] of [
    ['setTimeout(() => { throw new TypeError("a \\x1b thing") }, 300)', 'a \\x1b thing'],
    ['setTimeout(() => Promise.reject(new Error("nobody waits")), 300)', 'nobody waits'],
  ] as const) {
    // it waits for the identity meanwhile
    const { code, stdout, stderr } = await coldcase(['keygen', '-y', join(cwd, 'fifo')], {
      env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(script)}"` },
    });
    expect([code, stdout]).toEqual([ExitCode.failed, '']);
    expect(stderr).toMatch(/^coldcase: unexpected error: .*\n {2}this is a defect of coldcase: .*\n$/);
    expect(stderr).toContain(message);
  }
});
