import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/cli/version.js';
import { samplePath } from '../support/samples.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program to its end; what it printed on stdout. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
}

describe('the package, as npm packs it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'coldcase-package-'));
  const installed = join(directory, 'package');
  const bundle = join(installed, 'dist/bundle');
  const command = join(directory, 'coldcase');
  const caches = () => readdirSync(bundle).filter((name) => name.endsWith('.cache'));

  beforeAll(() => {
    const to = ['--ignore-scripts', '--silent', '--pack-destination', directory];
    const packed = spawnSync('npm', ['pack', ...to], { cwd: PROJECT, encoding: 'utf8' });
    run('tar', ['-xzf', packed.stdout.trim()], directory);
    symlinkSync(join(PROJECT, 'node_modules'), join(installed, 'node_modules'));
    symlinkSync(join(installed, 'bin/coldcase.js'), command);
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it('starts through a symbolic link, in any directory', () => {
    expect(run(command, ['--version'], '/')).toBe(`${VERSION}\n`);
  });

  it('reads an archive, and seals one with its worker threads', () => {
    const sample = samplePath('crio-looper');
    const direct = run(process.execPath, [join(PROJECT, 'bin/coldcase.js'), 'inspect', '--all', sample], '/');
    expect(run(command, ['inspect', '--all', sample], '/')).toBe(direct);
    const sealed = join(directory, 'sealed.age');
    run(command, ['keygen', '-o', join(directory, 'key.txt')], '/');
    const recipient = run(command, ['keygen', '-y', join(directory, 'key.txt')], '/').trim();
    run(command, ['seal', sample, '-r', recipient, '-o', sealed, '--quiet'], '/');
    expect(existsSync(sealed)).toBe(true);
  }, 30_000);

  it('brings bytecode that this node takes', () => {
    const taken = `const { start, scripts } = require(${JSON.stringify(join(installed, 'dist/cli/start.cjs'))});
      process.argv = [process.execPath, 'coldcase', 'show', ${JSON.stringify(samplePath('crio-looper'))}, '--json'];
      start();
      process.on('exit', () => {
        const refused = [...scripts.values()].map((script) => script.cachedDataRejected);
        process.stderr.write(JSON.stringify(refused));
      });`;
    const { stderr } = spawnSync(process.execPath, ['-e', taken], { encoding: 'utf8' });
    const refused: unknown = JSON.parse(stderr);
    expect(refused).toContain(false);
    expect(refused).not.toContain(true);
  });

  it('compiles the source where bytecode is of another node, cut off, or missing', () => {
    const sample = samplePath('crio-looper');
    const wanted = run(command, ['show', sample, '--json'], '/');
    const damages: readonly ((file: string) => void)[] = [
      (file) => writeFileSync(file, readFileSync(file).fill(0xa5, 4, 8)), // where V8 has its version
      (file) => writeFileSync(file, readFileSync(file).subarray(0, 40)),
      (file) => writeFileSync(file, ''),
      (file) => rmSync(file),
    ];
    for (const damage of damages) {
      for (const name of caches()) damage(join(bundle, name));
      expect(run(command, ['show', sample, '--json'], '/')).toBe(wanted);
    }
    expect(caches()).toEqual([]);
  }, 30_000);
});
