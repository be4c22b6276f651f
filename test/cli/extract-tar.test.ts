import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN } from '../support/coldcase.js';
import { block, rawHeader } from '../support/raw-tar.js';
import { richTar } from '../support/rich-tar.js';
import { samplePath } from '../support/samples.js';

const SAMPLE = samplePath('podman-incident');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-tar-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function run(words: readonly string[], input?: Buffer): Ran {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    env,
    input,
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr: stderr.toString() };
}

const extract = (...words: string[]): Ran => run(['extract', ...words]);

/** What GNU tar, or bsdtar, lists; names as they are. */
function stockList(tar: Buffer): string[] {
  const { stdout } = spawnSync('tar', ['tvf', '-'], { input: tar, env: { ...process.env, TZ: 'UTC' } });
  return stdout.toString('latin1').trimEnd().split('\n');
}

function file(name: string, ...parts: Buffer[]): string {
  const path = join(directory, name);
  writeFileSync(path, Buffer.concat([...parts, Buffer.alloc(1024)]));
  return path;
}

const entry = (name: string, text: string): Buffer[] => [rawHeader({ name, size: text.length }), block(text)];

describe('extract --tar', () => {
  test('a whole archive: stock tar lists the same, coldcase too', () => {
    const path = file('rich.tar', richTar());
    const { status, stdout, stderr } = extract(path, '--tar', '-');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stockList(stdout)).toEqual(stockList(readFileSync(path)));
    const copied = file('copied.tar', stdout);
    expect(JSON.parse(run(['ls', copied, '--json']).stdout.toString())).toEqual(
      JSON.parse(run(['ls', path, '--json']).stdout.toString()),
    );
  });

  test('without memory pages, sealed again, and read', () => {
    const key = join(directory, 'key.txt');
    run(['keygen', '-o', key]);
    const recipient = run(['keygen', '-y', key]).stdout.toString().trim();
    const tar = extract(SAMPLE, '--exclude', 'checkpoint/pages-*.img', '--tar', '-');
    expect(tar).toMatchObject({ status: 0, stderr: '' });
    const all = run(['ls', SAMPLE, '--json']);
    const names: { name: string }[] = JSON.parse(all.stdout.toString());
    const kept = names.map(({ name }) => name).filter((name) => !/^checkpoint\/pages-.*\.img$/.test(name));
    expect(kept.length).toBeLessThan(names.length);
    expect(stockList(tar.stdout)).toHaveLength(kept.length);
    const sealed = join(directory, 'less.age');
    expect(run(['seal', '-', '-r', recipient, '-o', sealed, '--quiet'], tar.stdout).status).toBe(0);
    const ps = run(['ps', sealed, '-i', key]);
    expect(ps.stdout.toString()).toContain('kworker/u8:2');
    expect(ps.stderr).toContain('the arguments of process 4 are not in the archive');
    const lost = 'of the memory is not in this archive (MISSING in memory list)';
    const search = run(['memory', 'search', sealed, '-i', key, '--json', 'stratum+tcp']);
    expect([search.status, search.stdout.toString().trim()]).toEqual([0, '[]']);
    expect(search.stderr).toBe(`coldcase: 9.86 MiB ${lost}, and was not searched\n`);
    expect(run(['memory', 'search', sealed, '-i', key, '-q', 'stratum+tcp']).stderr).toBe('');
    expect(run(['memory', 'strings', sealed, '-i', key, '--pid', '4']).stderr).toContain(`72 KiB ${lost}`);
    const core = run(['core', sealed, '-i', key, '--pid', '4', '-o', join(directory, 'core.4')]);
    expect(core.stderr).toContain(`72 KiB ${lost}: a hole in the core file\n`);
    expect(core.stderr).toContain('28 KiB of mapped files and reserved space are named');
    // what is not in the pages is still there, and what is in them is named
    const recovered = run(['recover', sealed, '-i', key]);
    expect(recovered.stdout.toString()).toContain('/tmp/ghost.log');
    expect(recovered.stderr).toContain('not recovered: memory at 0x0 is in a pages image');
    expect(recovered.status).toBe(5);
    expect(run(['cat', sealed, '-i', key, 'config.dump']).stdout).toEqual(
      run(['cat', SAMPLE, 'config.dump']).stdout,
    );
  });

  test('what it writes of chosen entries is theirs byte for byte, in the order of the archive', () => {
    const path = file('three.tar', ...entry('a', 'one'), ...entry('b', 'two'), ...entry('c', 'three'));
    const { stdout } = extract(path, 'c', 'a', '--tar', '-');
    expect(stdout).toEqual(Buffer.concat([...entry('a', 'one'), ...entry('c', 'three'), Buffer.alloc(1024)]));
  });

  test('entries of an archive within, and extended attributes', () => {
    const record = 'SCHILY.xattr.user.note=planted\n';
    const pax = `${record.length + 3} ${record}`;
    const inner = Buffer.concat([
      rawHeader({ name: 'x', size: pax.length, flag: 'x' }),
      block(pax),
      ...entry('etc/evil', 'cron'),
      ...entry('etc/good', 'fine'),
      Buffer.alloc(1024),
    ]);
    const path = file('outer.tar', rawHeader({ name: 'rootfs-diff.tar', size: inner.length }), inner);
    const { stdout } = extract(
      path,
      'rootfs-diff.tar//etc',
      '--exclude',
      'rootfs-diff.tar//etc/good',
      '--tar',
      '-',
    );
    expect(stdout).toEqual(Buffer.concat([inner.subarray(0, 2048), Buffer.alloc(1024)]));
  });

  test('a global header stays when the entry behind it goes', () => {
    const record = 'gid=77\n';
    const pax = `${record.length + 3} ${record}`;
    const global = [rawHeader({ name: 'g', size: pax.length, flag: 'g' }), block(pax)];
    const path = file('global.tar', ...global, ...entry('a', 'one'), ...entry('b', 'two'));
    const { stdout } = extract(path, 'b', '--tar', '-');
    expect(stdout).toEqual(Buffer.concat([...global, ...entry('b', 'two'), Buffer.alloc(1024)]));
    const copied = file('global-copied.tar', stdout);
    expect(JSON.parse(run(['ls', copied, '--json']).stdout.toString())).toMatchObject([
      { name: 'b', gid: 77 },
    ]);
  });

  test('hostile names are data; a hard link without its file is left out, and said', () => {
    const path = file(
      'hostile.tar',
      ...entry('../../etc/passwd', 'x'),
      ...entry('/abs', 'y'),
      rawHeader({ name: 'out', size: 0, flag: '2', link: '/etc' }),
      ...entry('\u001b[2J', 'z'),
      ...entry('kept', 'k'),
      rawHeader({ name: 'hard', size: 0, flag: '1', link: 'kept' }),
    );
    const whole = extract(path, '--tar', '-');
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    expect(stockList(whole.stdout)).toEqual(stockList(readFileSync(path)));
    const part = extract(path, '--exclude', 'kept', '--tar', '-');
    expect(part.status).toBe(6);
    expect(part.stderr).toContain('left out: hard: a hard link to kept, which is not chosen');
    expect(stockList(part.stdout)).toHaveLength(4);
  });

  test('a file is 0600, never over another, and not there when something fails', () => {
    const out = join(directory, 'out.tar');
    expect(extract(SAMPLE, 'config.dump', '--tar', out).status).toBe(0);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(extract(SAMPLE, 'config.dump', '--tar', out).status).toBe(6);
    expect(extract(SAMPLE, 'config.dump', '--tar', out, '--force').status).toBe(0);
    const cut = file('cut.tar', ...entry('a', 'one'));
    writeFileSync(cut, Buffer.concat([rawHeader({ name: 'a', size: 5000 }), block('short')]));
    expect(extract(cut, '--tar', join(directory, 'no.tar')).status).toBe(5);
    expect(readdirSync(directory).filter((name) => /no\.tar|partial/.test(name))).toEqual([]);
  });

  test.each([
    ['an --exclude that names nothing', [SAMPLE, '--exclude', 'pages-*.img', '--tar', '-'], 4, 'pages-*.img'],
    ['a pattern that names nothing', [SAMPLE, 'nothing', '--tar', '-'], 4, 'no entry nothing'],
    ['everything excluded', [SAMPLE, '--exclude', '**', '--tar', '-'], 4, 'no such entries'],
    ['a directory as well', [SAMPLE, '--tar', '-', '-C', 'x'], 2, '--directory'],
    ['a pipe', ['-', '--tar', '-'], 2, 'more than once'],
  ])('%s: nothing is written', (_what, words, status, text) => {
    const done = run(['extract', ...words], Buffer.from('x'));
    expect(done.stderr).toContain(text);
    expect({ status: done.status, written: done.stdout.length }).toEqual({ status, written: 0 });
  });
});

test('extract -C takes --exclude too, of a file and of a pipe', () => {
  const path = file('plain.tar', ...entry('a', 'one'), ...entry('b', 'two'));
  const out = join(directory, 'from-file');
  expect(extract(path, '-C', out, '--exclude', 'a').status).toBe(0);
  expect(readdirSync(out)).toEqual(['b']);
  const piped = join(directory, 'from-pipe');
  expect(run(['extract', '-', '-C', piped, '--exclude', 'b'], readFileSync(path)).status).toBe(0);
  expect(readdirSync(piped)).toEqual(['a']);
});
