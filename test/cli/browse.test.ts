import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { samplePath } from '../support/samples.js';

const CLI = fileURLToPath(new URL('../../bin/coldcase.js', import.meta.url));

describe('coldcase browse without a terminal', () => {
  it('exits with 2 and says what to use instead', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, 'browse', samplePath('crio-looper')],
      { encoding: 'utf8' },
    );
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^coldcase: browse needs a terminal\n {2}.*inspect.*--json/);
  });
});
