import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase } from '../support/coldcase.js';
import { samplePath } from '../support/samples.js';
import { sha256 } from '../support/sealed.js';
import { hasStock, stockTitle } from '../support/stock-tools.js';
import { onTerminal } from '../support/terminal.js';

const TAR = decompress(readFileSync(samplePath('crio-looper')));
let dir = '';
let recipient = '';
const run = (...words: string[]) => coldcase(words, { cwd: dir });
const read = (name: string) => readFileSync(join(dir, name));
const left = () => readdirSync(dir).sort();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coldcase-cli-'));
  writeFileSync(join(dir, 'a.tar'), TAR);
  await run('keygen', '-o', 'key.txt');
  await run('keygen', '-o', 'other.txt');
  recipient = (await run('keygen', '-y', 'key.txt')).stdout.trim();
  await run('seal', 'a.tar', '-r', recipient, '-o', 'a.tar.zst.age');
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('keygen', () => {
  test('writes what age-keygen writes, private, and never over a file', async () => {
    expect(read('key.txt').toString()).toMatch(
      /^# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/,
    );
    expect(statSync(join(dir, 'key.txt')).mode & 0o777).toBe(0o600);
    const again = await run('keygen', '-o', 'key.txt');
    expect(again).toMatchObject({ code: ExitCode.unsafe, stdout: '' });
    const shown = await run('keygen', '--pq');
    expect(shown.stdout).toMatch(
      /^# created: .*\n# public key: age1pq1[a-z0-9]+\nAGE-SECRET-KEY-PQ-1[A-Z0-9]+\n$/,
    );
    expect(shown.stderr).toMatch(/^Public key: age1pq1/);
  });
});

describe('seal, verify and unseal', () => {
  test('the whole way, with receipts as JSON', async () => {
    const sealed = await run('seal', 'a.tar', '-r', recipient, '-o', 'out/', '--json');
    expect(sealed).toMatchObject({ code: 0, stderr: '' });
    const receipt = JSON.parse(sealed.stdout);
    expect(receipt).toMatchObject({ path: 'out/a.tar.zst.age', manifestPath: 'out/a.tar.zst.age.json' });
    expect(receipt.manifest).toEqual(JSON.parse(read('out/a.tar.zst.age.json').toString()));
    expect(receipt.manifest).toMatchObject({ recipients: [recipient], proved: true, capture: null });
    expect(statSync(join(dir, 'out')).mode & 0o777).toBe(0o700);

    const verified = JSON.parse((await run('verify', receipt.path, '-i', 'key.txt', '--json')).stdout);
    expect(verified).toMatchObject({ file: receipt.path, result: 'intact' });
    expect(new Set(verified.checks.map(({ verdict }: { verdict: string }) => verdict))).toEqual(
      new Set(['ok']),
    );

    const unsealed = JSON.parse((await run('unseal', receipt.path, '-i', 'key.txt', '--json')).stdout);
    expect(unsealed).toEqual({
      path: 'out/a.tar',
      size: TAR.length,
      sha256: sha256(TAR),
      entries: receipt.manifest.tar.entries,
      compression: 'zstd',
      indexChecked: true,
    });
    expect(read('out/a.tar').equals(TAR)).toBe(true);
    expect(statSync(join(dir, 'out/a.tar')).mode & 0o777).toBe(0o600);
  });

  test('several recipients: each opens it, nobody else does', async () => {
    const other = (await run('keygen', '-y', 'other.txt')).stdout.trim();
    await run('keygen', '-o', 'third.txt');
    writeFileSync(join(dir, 'recipients.txt'), `# the team\n\n${recipient}\n${other}\n`, { mode: 0o644 });
    await run('seal', 'a.tar', '-R', 'recipients.txt', '-r', other, '-o', 'b.age', '-q');
    for (const key of ['key.txt', 'other.txt']) {
      expect((await run('verify', 'b.age', '-i', key)).code).toBe(0);
    }
    expect((await run('verify', 'b.age', '-i', 'third.txt')).code).toBe(ExitCode.denied);
    expect((await run('verify', 'b.age', '-i', 'third.txt', '-i', 'key.txt')).code).toBe(0);
  });

  test('post-quantum recipients', async () => {
    await run('keygen', '--pq', '-o', 'pq.txt');
    const pq = (await run('keygen', '-y', 'pq.txt')).stdout.trim();
    expect((await run('seal', 'a.tar', '-r', pq, '-o', 'pq.age', '-q')).code).toBe(0);
    expect((await run('unseal', 'pq.age', '-i', 'pq.txt', '-o', 'pq.tar', '-q')).code).toBe(0);
    expect(read('pq.tar').equals(TAR)).toBe(true);
    expect((await run('seal', 'a.tar', '-r', pq, '-r', recipient, '-o', 'mix.age')).code).toBe(
      ExitCode.usage,
    );
  });

  test('verify says what it could not check', async () => {
    const without = JSON.parse((await run('verify', 'a.tar.zst.age', '--json')).stdout);
    expect(without.result).toBe('incomplete');
    const verdicts = Object.fromEntries(
      without.checks.map((each: Record<string, string>) => [each['check'], each['verdict']]),
    );
    expect(verdicts).toMatchObject({
      manifest: 'ok',
      'sealed file': 'ok',
      'tar hash': 'not checked',
      entries: 'not checked',
    });

    copyFileSync(join(dir, 'a.tar.zst.age'), join(dir, 'alone.age'));
    const alone = await run('verify', 'alone.age');
    expect(alone).toMatchObject({
      code: ExitCode.failed,
      stderr: expect.stringContaining('nothing to check'),
    });
    expect((await run('verify', 'alone.age', '-i', 'key.txt')).code).toBe(0);
    expect((await run('verify', 'alone.age', '--manifest', 'a.tar.zst.age.json')).code).toBe(0);
  });

  test('a manifest that is of another file, damaged, or of a later version', async () => {
    const manifest = JSON.parse(read('a.tar.zst.age.json').toString());
    const cases: [unknown, string][] = [
      [{ ...manifest, sealed: { ...manifest.sealed, sha256: '0'.repeat(64) } }, 'sealed file'],
      [{ ...manifest, tar: { ...manifest.tar, sha256: '0'.repeat(64) } }, 'manifest and content'],
      [{ ...manifest, tar: { ...manifest.tar, entries: 1 } }, 'manifest and content'],
      [{ ...manifest, capture: { endpoint: 'forged' } }, 'manifest and content'],
      [{ ...manifest, version: 2 }, 'manifest'],
      [{ ...manifest, sealed: 7 }, 'manifest'],
      [[], 'manifest'],
    ];
    for (const [content, failed] of cases) {
      writeFileSync(join(dir, 'm.json'), JSON.stringify(content));
      const { code, stdout } = await run(
        'verify',
        'a.tar.zst.age',
        '--manifest',
        'm.json',
        '-i',
        'key.txt',
        '--json',
      );
      expect(code).toBe(ExitCode.integrity);
      const checks: { check: string; verdict: string }[] = JSON.parse(stdout).checks;
      expect(checks.filter(({ verdict }) => verdict === 'failed').map(({ check }) => check)).toEqual([
        failed,
      ]);
    }
    expect((await run('verify', 'a.tar.zst.age', '--manifest', 'none.json')).code).toBe(ExitCode.notFound);
  });
});

describe('refused', () => {
  test.each([
    ['no recipient', [], ExitCode.usage, 'no recipient'],
    ['a bad recipient', ['-r', 'age1qqqq'], ExitCode.usage, 'not an age recipient'],
    ['a missing recipients file', ['-R', 'nowhere'], ExitCode.notFound, 'nowhere'],
    [
      'an output directory that is missing',
      ['-r', 'ok', '-o', 'nowhere/x.age'],
      ExitCode.notFound,
      'nowhere',
    ],
    ['an output that exists', ['-r', 'ok', '-o', 'key.txt'], ExitCode.unsafe, 'key.txt exists'],
    ['a passphrase without a terminal', ['-p', '-o', 'p.age'], ExitCode.usage, 'no terminal'],
    ['a passphrase and a recipient', ['-p', '-r', 'ok'], ExitCode.usage, 'exclude each other'],
  ])('seal with %s', async (_, words, code, message) => {
    const before = left();
    const key = read('key.txt');
    const finished = await run('seal', 'a.tar', ...words.map((word) => (word === 'ok' ? recipient : word)));
    expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(finished.stderr.trim().split('\n')).toHaveLength(2);
    expect(left()).toEqual(before);
    expect(read('key.txt').equals(key)).toBe(true);
  });

  test('a recipients file that everybody can write to, and an identity file that everybody can read', async () => {
    writeFileSync(join(dir, 'open.txt'), `${recipient}\n`);
    chmodSync(join(dir, 'open.txt'), 0o646);
    const sealed = await run('seal', 'a.tar', '-R', 'open.txt', '-o', 'x.age');
    expect(sealed).toMatchObject({
      code: ExitCode.unsafe,
      stderr: expect.stringContaining('changed by everybody'),
    });

    writeFileSync(join(dir, 'shared.txt'), read('key.txt'));
    chmodSync(join(dir, 'shared.txt'), 0o644);
    const unsealed = await run('unseal', 'a.tar.zst.age', '-i', 'shared.txt', '-o', 'x.tar');
    expect(unsealed).toMatchObject({
      code: ExitCode.unsafe,
      stderr: expect.stringContaining('read by everybody'),
    });
    expect(left().filter((name) => name.startsWith('x.'))).toEqual([]);
  });

  test('the published key of the sample is the one exception', async () => {
    const key = fileURLToPath(new URL('../../samples/demo-key.txt', import.meta.url));
    copyFileSync(key, join(dir, 'demo.txt'));
    chmodSync(join(dir, 'demo.txt'), 0o644);
    expect((await run('verify', samplePath('podman-incident', '.tar.zst.age'), '-i', 'demo.txt')).code).toBe(
      0,
    );
    writeFileSync(join(dir, 'demo.txt'), Buffer.concat([read('demo.txt'), read('key.txt')]));
    expect((await run('verify', 'a.tar.zst.age', '-i', 'demo.txt')).code).toBe(ExitCode.unsafe);
  });

  test('to unseal without an identity, with the wrong one, with a file that is none', async () => {
    writeFileSync(join(dir, 'noise.txt'), 'AGE-SECRET-KEY-1NOT-A-KEY\n', { mode: 0o600 });
    for (const [words, code] of [
      [[], ExitCode.usage],
      [['-i', 'other.txt'], ExitCode.denied],
      [['-i', 'noise.txt'], ExitCode.usage],
      [['-i', 'nowhere.txt'], ExitCode.notFound],
    ] as const) {
      const finished = await run('unseal', 'a.tar.zst.age', ...words, '-o', 'y.tar');
      expect(finished.code).toBe(code);
      expect(finished.stderr).not.toContain('NOT-A-KEY');
      expect(left().filter((name) => name.includes('y.tar'))).toEqual([]);
    }
  });
});

describe('a sealed file that was cut or changed in any region', () => {
  const regions = (file: Buffer) => {
    const mac = file.indexOf('\n--- ') + 1;
    const nonce = file.indexOf('\n', mac) + 1;
    const last = file.length - ((file.length - nonce - 16) % 65552);
    return {
      'version line': 5,
      'stanza arguments': 30,
      'stanza body': mac - 10,
      mac: mac + 10,
      nonce: nonce + 3,
      'first chunk': nonce + 16 + 100,
      'middle of the payload': (nonce + file.length) >> 1,
      'last chunk': last + 3,
      'last tag': file.length - 3,
    };
  };
  const names = Object.keys(regions(readFileSync(samplePath('podman-incident', '.tar.zst.age'))));

  test.each(names)('%s: unseal and verify end with 5, and nothing is left', async (name) => {
    const file = read('a.tar.zst.age');
    // what is wrapped for a recipient, and changed, looks as if it were for another one
    const changed = name.startsWith('stanza') ? ExitCode.denied : ExitCode.integrity;
    const at = Object.entries(regions(file)).find(([each]) => each === name)?.[1] ?? 0;
    const flipped = Buffer.from(file);
    // another letter of base64 in a stanza: one that is none would be damage wherever it is
    const other = flipped[at] === 0x41 ? 0x42 : 0x41;
    flipped[at] = name.startsWith('stanza') ? other : (flipped[at] ?? 0) ^ 1;
    for (const [damaged, code] of [
      [file.subarray(0, at), ExitCode.integrity],
      [flipped, changed],
    ] as const) {
      writeFileSync(join(dir, 'bad.age'), damaged);
      const unsealed = await run('unseal', 'bad.age', '-i', 'key.txt', '-o', 'bad.tar');
      expect(unsealed).toMatchObject({ code, stdout: '' });
      expect(left().filter((each) => each.includes('bad.tar'))).toEqual([]);
      expect((await run('verify', 'bad.age', '-i', 'key.txt')).code).toBe(code);
    }
    rmSync(join(dir, 'bad.age'));
  });
});

describe.skipIf(!hasStock('script'))(stockTitle('on a terminal', 'script'), () => {
  test('a passphrase is asked for twice, never shown, and the wrong one opens nothing', async () => {
    mkdirSync(join(dir, 'tty'));
    const at = join(dir, 'tty');
    const command = `${process.execPath} ${BIN}`;
    const differing = await onTerminal(`${command} seal ../a.tar -p -o p.age`, ['eins', 'zwei'], at);
    expect(differing).toMatchObject({ code: ExitCode.usage, screen: expect.stringContaining('differ') });
    expect(readdirSync(at)).toEqual([]);
    const sealed = await onTerminal(`${command} seal ../a.tar -p -o p.age`, ['eins', 'eins'], at);
    expect(sealed).toMatchObject({ code: 0, screen: expect.stringContaining('a passphrase') });
    expect(sealed.screen).not.toContain('eins');
    const wrong = await onTerminal(`${command} unseal p.age -o p.tar`, ['zwei'], at);
    expect(wrong).toMatchObject({
      code: ExitCode.denied,
      screen: expect.stringContaining('wrong passphrase'),
    });
    expect(readdirSync(at)).toEqual(['p.age', 'p.age.json']);
    expect((await onTerminal(`${command} verify p.age -p`, ['eins'], at)).code).toBe(0);
  });

  test('Ctrl-C at the question ends it', async () => {
    const stopped = await onTerminal(`${process.execPath} ${BIN} seal a.tar -p -o c.age`, ['\x03'], dir);
    expect(stopped.code).toBe(ExitCode.interrupted);
  });
});

test.each([
  ['seal', ['seal', '-', '-r', '', '-o', 'int.age']],
  ['unseal', ['unseal', '-', '-i', 'key.txt', '-o', 'int.tar']],
])('an interrupt ends %s while it waits for standard input, and leaves nothing', async (_, words) => {
  const child = spawn(process.execPath, [BIN, ...words.map((word) => word || recipient)], { cwd: dir });
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdin.write((words[0] === 'seal' ? TAR : read('a.tar.zst.age')).subarray(0, 20_000));
  await setTimeout(1500);
  child.kill('SIGINT');
  expect(await ended).toBe(ExitCode.interrupted);
  expect(left().filter((name) => name.includes('int.'))).toEqual([]);
});
