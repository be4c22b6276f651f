import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { coldcase } from '../support/coldcase.js';
import { hasLab, labRun, labTitle } from '../support/lab.js';
import { samplePath } from '../support/samples.js';

/** Debian's age knows no post-quantum recipients yet; the lab's does. Files go through its standard input. */
describe.skipIf(!hasLab)(`age 1.3, post-quantum, ${labTitle}`, () => {
  const tar = decompress(readFileSync(samplePath('crio-looper')));
  let dir = '';
  const run = (...words: string[]) => coldcase(words, { cwd: dir });
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'coldcase-pq-'));
    writeFileSync(join(dir, 'a.tar'), tar);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test('its age and zstd open what we seal for a key of ours', async () => {
    await run('keygen', '--pq', '-o', 'ours.txt');
    const recipient = (await run('keygen', '-y', 'ours.txt')).stdout.trim();
    const identity = readFileSync(join(dir, 'ours.txt'), 'utf8');
    expect(labRun(['age-keygen', '-y'], identity).toString().trim()).toBe(recipient);
    expect((await run('seal', 'a.tar', '-r', recipient, '-o', 'a.age', '-q')).code).toBe(0);
    const sealed = readFileSync(join(dir, 'a.age'));
    const script = 'f=$(mktemp) && cat > $f && age -d -i <(printenv KEY) $f | zstd -dc; rm $f';
    const plain = labRun(['env', `KEY=${identity}`, 'bash', '-c', script], sealed);
    expect(plain.equals(tar)).toBe(true);
  });

  test('we open what its age encrypted for a key of its own', async () => {
    const identity = labRun(['age-keygen', '-pq']).toString();
    writeFileSync(join(dir, 'theirs.txt'), identity, { mode: 0o600 });
    const recipient = /age1pq1[a-z0-9]+/.exec(identity)?.[0] ?? '';
    const script = `zstd -qc | age -a -r ${recipient}`;
    writeFileSync(join(dir, 'theirs.age'), labRun(['bash', '-c', script], tar));
    expect((await run('unseal', 'theirs.age', '-i', 'theirs.txt', '-o', 'theirs.tar', '-q')).code).toBe(0);
    expect(readFileSync(join(dir, 'theirs.tar')).equals(tar)).toBe(true);
  });
});
