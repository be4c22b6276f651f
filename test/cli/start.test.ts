import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BIN } from '../support/coldcase.js';

const home = mkdtempSync(join(tmpdir(), 'coldcase-home-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Where a start has node keep bytecode: what `enableCompileCache`, which Node 20 lacks, is called with. */
function bytecodeGoesTo(): string {
  const probe = join(home, 'probe.cjs');
  writeFileSync(
    probe,
    `require('node:module').enableCompileCache = (where) => process.stderr.write(\`kept in \${where}\`);`,
  );
  const env = { ...process.env, HOME: home, NODE_OPTIONS: `--require ${probe}` };
  const { stderr } = spawnSync(process.execPath, [BIN, '--version'], { env, encoding: 'utf8' });
  return stderr;
}

test('bytecode is kept below the home of this user', () => {
  expect(bytecodeGoesTo()).toBe(`kept in ${join(home, '.cache/coldcase')}`);
});

const root = process.getuid?.() === 0;
test.runIf(root)(
  'and nowhere when the home is of somebody else, who could put some there (needs root)',
  () => {
    chownSync(home, 65534, 65534);
    expect(bytecodeGoesTo()).toBe('');
  },
);
