import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { BIN, coldcase } from '../support/coldcase.js';
import { SAMPLES, samplePath } from '../support/samples.js';
import { hasStock, shell, stockTitle } from '../support/stock-tools.js';
import { onTerminal } from '../support/terminal.js';

const TOOLS = ['age', 'age-keygen', 'zstd'] as const;
let dir = '';

describe.skipIf(!hasStock(...TOOLS))(stockTitle('stock age and zstd', ...TOOLS), () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'coldcase-interop-'));
    shell('age-keygen -o key.txt; age-keygen -y key.txt > recipients.txt', dir);
    for (const sample of SAMPLES)
      writeFileSync(join(dir, `${sample}.tar`), decompress(readFileSync(samplePath(sample))));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each(SAMPLES)('open what seal made of %s', async (sample) => {
    const sealed = await coldcase(['seal', `${sample}.tar`, '-R', 'recipients.txt', '-q'], { cwd: dir });
    expect(sealed).toEqual({ code: 0, stdout: '', stderr: '' });
    shell(`age -d -i key.txt ${sample}.tar.zst.age | zstd -d | cmp - ${sample}.tar`, dir);
    shell(`age -d -i key.txt ${sample}.tar.zst.age | zstd -qt`, dir);
    shell(`age -d -i key.txt ${sample}.tar.zst.age | zstd -d | tar t > /dev/null`, dir);
  });

  test('open what keygen is the key of', async () => {
    await coldcase(['keygen', '-o', 'ours.txt'], { cwd: dir });
    const ours = await coldcase(['keygen', '-y', 'ours.txt'], { cwd: dir });
    expect(ours.stdout).toBe(shell('age-keygen -y ours.txt', dir).toString());
    shell(`age -r ${ours.stdout.trim()} crio-looper.tar | age -d -i ours.txt | cmp - crio-looper.tar`, dir);
  });

  test.each([
    ['zstd | age', 'zstd -q -T0 -3 -c podman-incident.tar | age -R recipients.txt'],
    ['zstd with long windows | age', 'zstd -q --long=27 -c podman-incident.tar | age -R recipients.txt'],
    ['gzip | age', 'gzip -c podman-incident.tar | age -R recipients.txt'],
    ['age alone', 'age -R recipients.txt podman-incident.tar'],
    ['zstd | age -a', 'zstd -q -c podman-incident.tar | age -a -R recipients.txt'],
    ['age -a alone', 'age -a -R recipients.txt podman-incident.tar'],
    [
      'what we sealed, in armor',
      `${process.execPath} ${BIN} seal podman-incident.tar -R recipients.txt -o - | age -d -i key.txt | age -a -R recipients.txt`,
    ],
  ])('unseal opens what they make: %s', async (_, script) => {
    shell(`${script} > theirs.age`, dir);
    const { code, stdout } = await coldcase(
      ['unseal', 'theirs.age', '-i', 'key.txt', '-o', 'theirs.tar', '--force', '--json'],
      { cwd: dir },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ entries: 67, path: 'theirs.tar' });
    shell('cmp theirs.tar podman-incident.tar', dir);
    shell(
      `${process.execPath} ${BIN} unseal - -i key.txt -o - < theirs.age | cmp - podman-incident.tar`,
      dir,
    );
  });

  test.each(['-p', '-p -a'])('unseal with an identity file that age %s locked', async (flags) => {
    const locked = await onTerminal(
      `age ${flags} -o locked.age key.txt`,
      ['open sesame', 'open sesame'],
      dir,
    );
    expect(locked.code).toBe(0);
    shell('age -R recipients.txt crio-looper.tar > x.age', dir);
    const unseal = `${process.execPath} ${BIN} unseal x.age -i locked.age -o x.tar --force -q`;
    expect((await onTerminal(unseal, ['open sesame'], dir)).code).toBe(0);
    shell('cmp x.tar crio-looper.tar; rm locked.age', dir);
  });

  test('a passphrase serves both ways', async () => {
    const node = `${process.execPath} ${BIN}`;
    const sealed = await onTerminal(
      `${node} seal crio-looper.tar -p -o p.age -q`,
      ['vier Wörter', 'vier Wörter'],
      dir,
    );
    expect(sealed).toMatchObject({ code: 0, screen: expect.not.stringContaining('Wörter') });
    expect((await onTerminal('age -d -o p.zst p.age', ['vier Wörter'], dir)).code).toBe(0);
    shell('zstd -qdc p.zst | cmp - crio-looper.tar', dir);
    await onTerminal('age -p -o q.age crio-looper.tar', ['drei', 'drei'], dir);
    expect((await onTerminal(`${node} unseal q.age -o q.tar -q`, ['drei'], dir)).code).toBe(0);
    shell('cmp q.tar crio-looper.tar', dir);
  });
});
