import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPortable } from '../../src/base/spelling.js';
import { encodeText } from '../../src/base/text.js';
import { byteNamesTar, bytesOf, entryOf } from '../support/byte-names.js';
import { BIN } from '../support/coldcase.js';

let directory = '';
let archive = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-test-'));
  archive = join(directory, 'names.tar');
  writeFileSync(archive, byteNamesTar());
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function coldcase(words: readonly string[], input?: Uint8Array): Ran {
  return spawnSync(process.execPath, [BIN, ...words], {
    encoding: 'utf8',
    cwd: directory,
    input: input ?? '',
  });
}

/** A command line of bytes, which only a shell can give. */
function inShell(words: string): Ran {
  return spawnSync('bash', ['-c', `${process.execPath} ${BIN} ${words}`], {
    encoding: 'utf8',
    cwd: directory,
  });
}

/** Names in a directory of what was extracted, in which each byte is a character. */
function names(path: Buffer | string): string[] {
  return readdirSync(path, { encoding: 'buffer' })
    .map((name) => name.toString('latin1'))
    .sort();
}

describe('ls and cat', () => {
  test('print every byte of a name, in links too', () => {
    const { stdout } = coldcase(['ls', archive]);
    expect(
      stdout
        .split('\n')
        .slice(1, 7)
        .map((line) => line.replace(/.*Z {2}/, '')),
    ).toEqual([...['a\\xfe', 'a\\xff', 'a\ufffd', 'h link to a\\xff', 's -> a\\xfe', 'd\\x80']]);
  });

  test('JSON has names that are read back, and CSV those of the table', () => {
    const rows: { name: string; link: string | null }[] = JSON.parse(
      coldcase(['ls', archive, '--json']).stdout,
    );
    expect(rows[1]?.name).toBe('a\ufffdff');
    expect(rows[3]?.link).toBe('a\ufffdff');
    expect(encodeText(readPortable(rows[1]?.name ?? ''))).toEqual(bytesOf('a\\xff'));
    expect(coldcase(['ls', archive, '--format', 'csv', '--columns', 'name']).stdout).toContain('a\\xff\r\n');
  });

  test.each(['a\\xff', 'a\ufffdff', 'a\\xFF', 'h'])('find the file that %s means', (name) => {
    expect(coldcase(['cat', archive, name])).toMatchObject({ status: 0, stdout: 'ff' });
  });

  test('a filter takes a name as it is printed', () => {
    for (const name of ['a\\xff', 'a\ufffdff']) {
      const { stdout } = coldcase(['ls', archive, '--json', '--filter', `name=${name}`]);
      expect(JSON.parse(stdout)).toHaveLength(1);
    }
  });

  test('a name that is not there is not found, however near others are', () => {
    expect(coldcase(['cat', archive, 'a\\xfd'])).toMatchObject({ status: 4, stdout: '' });
    expect(coldcase(['cat', archive, 'a\\xf'])).toMatchObject({ status: 4, stdout: '' });
  });

  test.skipIf(process.platform !== 'linux')(
    'take the byte itself, and never another file for it (Linux)',
    () => {
      expect(inShell(`cat ${archive} $'a\\xff'`)).toMatchObject({ status: 0, stdout: 'ff' });
      expect(inShell(`cat ${archive} $'a\\xfd'`)).toMatchObject({ status: 4, stdout: '' });
      expect(inShell(`cat ${archive} $'a\\xef\\xbf\\xbd'`)).toMatchObject({ status: 0, stdout: 'U+FFFD' });
    },
  );

  test('a sealed copy has the same names', () => {
    expect(coldcase(['keygen', '-o', 'key.txt']).status).toBe(0);
    const recipient = /age1\w+/.exec(readFileSync(join(directory, 'key.txt'), 'utf8'))?.[0] ?? '';
    expect(coldcase(['seal', archive, '-r', recipient, '-o', 'sealed.age']).status).toBe(0);
    expect(coldcase(['cat', 'sealed.age', '-i', 'key.txt', 'h']).stdout).toBe('ff');
    expect(coldcase(['verify', 'sealed.age', '-i', 'key.txt']).status).toBe(0);
    const listed = coldcase(['ls', 'sealed.age', '-i', 'key.txt']).stdout;
    expect(listed).toBe(coldcase(['ls', archive]).stdout);
  });
});

// macOS has no file names that are no UTF-8, and takes the two forms of é for one
describe.skipIf(process.platform !== 'linux')('extract (Linux)', () => {
  const all = ['a\xef\xbf\xbd', 'a\xfe', 'a\xff', 'd\x80', 'h', 's'];
  const inDirectory = ['cafe\xcc\x81', 'caf\xc3\xa9', 'caf\xe9'];

  function expectAll(out: string): void {
    const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${out}/`), bytesOf(name)]);
    expect(names(out)).toEqual(all);
    expect(names(at('d\\x80'))).toEqual(inDirectory);
    expect(readFileSync(at('a\\xff'), 'utf8')).toBe('ff');
    expect(readFileSync(at('a\\xfe'), 'utf8')).toBe('fe');
    expect(readFileSync(at('a\ufffd'), 'utf8')).toBe('U+FFFD');
    expect(readFileSync(at('d\\x80/caf\\xe9'), 'utf8')).toBe('latin-1');
    expect(readlinkSync(at('s'), { encoding: 'buffer' })).toEqual(bytesOf('a\\xfe'));
  }

  test('gives every file its own bytes, and loses none', () => {
    const out = join(directory, 'out');
    expect(coldcase(['extract', archive, '-C', out])).toMatchObject({ status: 0, stderr: '' });
    expectAll(out);
    expect(readFileSync(join(out, 'h'), 'utf8')).toBe('ff');
    expect(coldcase(['extract', archive, '-C', out]).status).toBe(6);
    expect(coldcase(['extract', archive, '-C', out, '--force'])).toMatchObject({ status: 0, stderr: '' });
    expectAll(out);
  });

  test('takes and leaves out by the names that are printed', () => {
    const out = join(directory, 'out');
    expect(coldcase(['extract', archive, 'a\\xff', 'd\\x80', '--exclude', '**\\xe9', '-C', out]).status).toBe(
      0,
    );
    expect(names(out)).toEqual(['a\xff', 'd\x80']);
    expect(names(Buffer.concat([Buffer.from(`${out}/d`), Buffer.of(0x80)]))).toEqual(inDirectory.slice(0, 2));
    expect(coldcase(['extract', archive, '--exclude', 'a\\xfd', '-C', out]).status).toBe(4);
  });

  test('does the same from a pipe, as far as that can', () => {
    const out = join(directory, 'out');
    const piped = spawnSync(
      'bash',
      [
        '-c',
        `cat ${archive} | ${process.execPath} ${BIN} extract - 'a\\xff' 'd\\x80' --exclude '**\\xe9' -C ${out}`,
      ],
      { encoding: 'utf8' },
    );
    expect(piped).toMatchObject({ status: 0, stderr: '' });
    expect(names(out)).toEqual(['a\xff', 'd\x80']);
    expect(names(Buffer.concat([Buffer.from(`${out}/d`), Buffer.of(0x80)]))).toEqual(inDirectory.slice(0, 2));
  });

  test('a name of 255 bytes may be all bytes that are no UTF-8', () => {
    const long = '\\xff'.repeat(255);
    const tar = join(directory, 'long.tar');
    writeFileSync(tar, Buffer.concat([entryOf({ name: long, content: 'long' }, 'pax'), Buffer.alloc(1024)]));
    const out = join(directory, 'out');
    expect(coldcase(['extract', tar, '-C', out])).toMatchObject({ status: 0, stderr: '' });
    expect(names(out)).toEqual(['\xff'.repeat(255)]);
  });

  const tar = spawnSync('tar', ['--version']).status === 0;

  test.skipIf(!tar)('leaves what GNU tar leaves (needs tar)', () => {
    const ours = join(directory, 'ours');
    const theirs = join(directory, 'theirs');
    expect(coldcase(['extract', archive, '-C', ours]).status).toBe(0);
    expect(spawnSync('bash', ['-c', `mkdir ${theirs} && tar xf ${archive} -C ${theirs}`]).status).toBe(0);
    expect(spawnSync('diff', ['-r', '--no-dereference', ours, theirs], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
  });
});
