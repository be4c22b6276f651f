import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
});
