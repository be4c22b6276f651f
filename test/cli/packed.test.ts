import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestTerminal, terminalsWork } from '../support/terminal/terminal.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version, dependencies, files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
let scratch: string;
let installed: string;

/** As npm installs it, with only the packages that package.json names for its users. */
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'coldcase-packed-'));
  installed = join(scratch, 'node_modules/coldcase');
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', scratch], { cwd: ROOT });
  mkdirSync(installed, { recursive: true });
  const tarball = join(scratch, `coldcase-${version}.tgz`);
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const name of Object.keys(dependencies)) {
    const link = join(scratch, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const sample = (name: string): string => join(installed, 'samples', name);

function run(...words: string[]): { code: number | null; stdout: string; stderr: string } {
  const program = join(installed, 'bin/coldcase.js');
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    cwd: scratch,
    env,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

describe('the package that npm makes', () => {
  test('holds what users need, and nothing that only developers do', () => {
    expect(readdirSync(installed).sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'SECURITY.md',
        'bin',
        'dist',
        'package.json',
        'samples',
        'src',
      ].sort(),
    );
    expect(readdirSync(join(installed, 'src'), { recursive: true })).toEqual(['views', 'views/json.md']);
    // a name in package.json that is not there would be passed over in silence
    for (const name of files)
      expect(readdirSync(join(ROOT, dirname(name)))).toContain(name.split('/').at(-1));
  });

  test('names no path of whoever built it', () => {
    const texts = readdirSync(join(installed, 'dist'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(texts.filter((text) => text.includes(ROOT))).toEqual([]);
  });

  test('starts through a symbolic link, in any directory', () => {
    const command = join(scratch, 'coldcase');
    symlinkSync(join(installed, 'bin/coldcase.js'), command);
    expect(execFileSync(command, ['--version'], { cwd: '/', encoding: 'utf8' })).toBe(`${version}\n`);
  });

  test('shows, seals, opens and demonstrates', () => {
    const shown = run('show', sample('podman-incident.tar.zst.age'), '-i', sample('demo-key.txt'));
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain('Podman');
    const demo = run('demo');
    expect(demo.code).toBe(0);
    expect(demo.stdout).toContain('intact: everything was checked');
    const searched = run('memory', 'search', sample('containerd-redis.tar.zst'), 'redis', '--json');
    expect(searched.code).toBe(0); // worker threads find their modules
  });

  const works = terminalsWork();
  test.skipIf(!works)(`browses${works ? '' : ' (skipped: no python3)'}`, async () => {
    const words = ['browse', sample('podman-incident.tar.zst.age'), '-i', sample('demo-key.txt')];
    const script = join(installed, 'bin/coldcase.js');
    const screen = new TestTerminal(words, { cwd: scratch, script });
    await screen.until('What stands out');
    screen.press('q');
    expect(await screen.exited).toBe(0);
    screen.close();
  });

  test('says so where npm has not built zstd-napi, or takes the zstd of node itself', () => {
    const link = join(scratch, 'node_modules/zstd-napi');
    rmSync(link);
    // as npm install --ignore-scripts leaves it
    cpSync(join(ROOT, 'node_modules/zstd-napi'), link, {
      recursive: true,
      filter: (path) => !path.endsWith('/build'),
    });
    try {
      expect(run('--version').stdout).toBe(`${version}\n`);
      const recipient = run('keygen').stderr.replace('Public key: ', '').trim();
      for (const words of [
        ['show', sample('crio-looper.tar.zst')],
        ['seal', sample('crio-looper.tar.zst'), '-r', recipient, '-o', 'unbuilt.age', '-q'],
        ['capture', 'a/b/c', '-r', recipient, '--kubelet', 'https://127.0.0.1:1', '--token-file', '/nowhere'],
      ]) {
        const { code, stderr } = run(...words);
        const told =
          'coldcase: zstd-napi was not built: npm installed it without its install script\n' +
          '  npm rebuild zstd-napi, or npm install without --ignore-scripts; node 22.15 and later need neither\n';
        if ('zstdCompressSync' in zlib)
          expect([words[0], stderr.includes('zstd')]).toEqual([words[0], false]);
        else expect([words[0], code, stderr]).toEqual([words[0], 1, told]);
      }
    } finally {
      rmSync(link, { recursive: true });
      symlinkSync(join(ROOT, 'node_modules/zstd-napi'), link);
    }
  });

  test('says so where a part of it is missing, without printing source', () => {
    const part = join(installed, 'dist/bundle/main.cjs');
    renameSync(part, `${part}.away`);
    try {
      const { code, stderr } = run('ls', sample('crio-looper.tar.zst'));
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^coldcase: cannot start: Cannot find .*\n {2}a part of it is missing or damaged: .*\n$/,
      );
    } finally {
      renameSync(`${part}.away`, part);
    }
  });
});
