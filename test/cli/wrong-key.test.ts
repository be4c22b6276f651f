import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { archiveCommands } from '../support/archive-commands.js';
import { BIN, coldcase } from '../support/coldcase.js';

const SAMPLES = join(BIN, '../../samples');
const KEY = join(SAMPLES, 'demo-key.txt');

const cwd = mkdtempSync(join(tmpdir(), 'coldcase-wrong-key-'));
afterAll(() => rmSync(cwd, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(cwd, name), content, { mode: 0o600 });
  return join(cwd, name);
};

/** Sealed for one recipient; one copy has its manifest beside it. */
const known = join(cwd, 'known.tar.zst.age');
const alone = join(cwd, 'alone.tar.zst.age');
let wrong: string;
let recipient: string;
beforeAll(async () => {
  wrong = file('wrong.txt', `${await generateX25519Identity()}\n`);
  for (const sealed of [known, alone]) copyFileSync(join(SAMPLES, 'podman-incident.tar.zst.age'), sealed);
  copyFileSync(join(SAMPLES, 'podman-incident.tar.zst.age.json'), `${known}.json`);
  const identity = /AGE-SECRET-KEY-\S+/.exec(readFileSync(KEY, 'utf8'))?.[0] ?? '';
  recipient = await identityToRecipient(identity);
});

// Shapes of what age takes and coldcase does not; none of them is a key of anybody.
const PLUGIN = 'AGE-PLUGIN-YUBIKEY-1XQQPQQQQQQQQQQQQQQQQ';
const SSH = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'A'.repeat(70)}\n-----END OPENSSH PRIVATE KEY-----\n`;

/** Every command that opens a sealed file; browse asks for another key, on a terminal (test/tui). */
const COMMANDS = (await archiveCommands()).filter(({ name, opens }) => opens && name !== 'browse');

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  'the wrong key in %s: exit code 3, with whom the file is for',
  async (name, { words }) => {
    const { code, stdout, stderr } = await coldcase([...words(known), '-i', wrong], { cwd });
    expect(stderr).toBe(
      `coldcase: none of these keys opens ${known}\n` +
        `  give the identity of one of the recipients that ${known}.json names, with -i:\n` +
        `  ${recipient}\n`,
    );
    expect(code).toBe(ExitCode.denied);
    if (name === 'verify')
      expect(stdout).toContain('nothing wrong found, but not everything could be checked');
    else expect(stdout).toBe('');
  },
  20_000,
);

test('without its manifest: the kinds that its header asks for, also from a pipe', async () => {
  const told = 'it is sealed for 1 X25519 (age1...): give the identity of one of them with -i\n';
  for (const words of [
    ['ps', alone],
    ['verify', alone],
    ['unseal', alone, '-o', '-'],
  ]) {
    const { code, stderr } = await coldcase([...words, '-i', wrong], { cwd });
    expect([code, stderr]).toEqual([3, `coldcase: none of these keys opens ${alone}\n  ${told}`]);
  }
  const piped = await coldcase(['ls', '-', '-i', wrong], { cwd, input: readFileSync(alone) });
  expect([piped.code, piped.stderr]).toEqual([
    3,
    `coldcase: none of these keys opens standard input\n  ${told}`,
  ]);
  // one that is of another file is not believed
  copyFileSync(`${known}.json`, `${file('other.age', readFileSync(alone).subarray(0, -1))}.json`);
  const other = await coldcase(['ps', join(cwd, 'other.age'), '-i', wrong], { cwd });
  expect(other.stderr).toContain(told);
});

test('kinds by name: of age, of SSH, of plugins, and unknown ones', async () => {
  const encrypter = new Encrypter();
  const { Stanza } = await import('age-encryption');
  const kinds = ['ssh-ed25519', 'ssh-ed25519', 'ssh-rsa', 'piv-p256', 'p256tag', 'xwing', 'aaaa-grease'];
  for (const kind of kinds) {
    encrypter.addRecipient({ wrapFileKey: () => [new Stanza([kind, 'x'], new Uint8Array(3))] });
  }
  const sealed = file('kinds.age', await encrypter.encrypt('x'));
  const { code, stderr } = await coldcase(['ls', sealed, '-i', wrong]);
  expect(code).toBe(ExitCode.denied);
  expect(stderr).toContain(
    'it is sealed for 2 ssh-ed25519 (an SSH key), 1 ssh-rsa (an SSH key), 1 piv-p256 (age-plugin-yubikey or ' +
      'age-plugin-se), 1 p256tag (age1tag1..., a hardware key), ' +
      '1 xwing (a kind that coldcase does not know, of a plugin maybe): give',
  );
});

describe('an identity that coldcase cannot use', () => {
  const right = readFileSync(KEY, 'utf8');
  test.each([
    ['in a file of its own, first', [PLUGIN, SSH, right]],
    ['in a file of its own, last', [right, PLUGIN, SSH]],
    ['in one file, first', [`${PLUGIN}\n${right}`]],
    ['in one file, last', [`${right}\n# mine\n${PLUGIN}\n`]],
    ['an SSH key in one file', [`${SSH}${right}`]],
  ])('never stops another that opens the file: %s', async (_, contents) => {
    const keys = contents.flatMap((content, at) => ['-i', file(`key-${at}`, content)]);
    for (const words of [
      ['ls', alone],
      ['verify', known],
      ['unseal', alone, '-o', '-'],
    ]) {
      const { code, stderr } = await coldcase([...words, ...keys, ...(words[0] === 'unseal' ? ['-q'] : [])]);
      expect([words[0], code, stderr]).toEqual([words[0], 0, '']);
    }
  });

  test('alone: exit code 3, which kind it is, and how age itself is used', async () => {
    const keys = ['-i', file('plugin', PLUGIN), '-i', file('ssh', SSH)];
    for (const words of [
      ['ls', alone],
      ['unseal', alone, '-o', '-'],
      ['verify', alone],
    ]) {
      const { code, stderr } = await coldcase([...words, ...keys]);
      expect([code, stderr]).toEqual([
        ExitCode.denied,
        `coldcase: none of these keys can be used by coldcase to open ${alone}\n` +
          '  it is sealed for 1 X25519 (age1...): give the identity of one of them with -i\n' +
          'not tried, as only age itself can use it: an identity of age-plugin-yubikey, an SSH private key\n' +
          'to read with it: age -d -i IDENTITY SEALED | coldcase COMMAND -\n',
      ]);
    }
    const mixed = await coldcase(['ls', alone, ...keys, '-i', wrong]);
    expect([mixed.code, mixed.stderr]).toEqual([
      ExitCode.denied,
      expect.stringMatching(/^coldcase: none of these keys opens .*\n.*\nnot tried, .*\n.*\n$/),
    ]);
  });

  test('no identity at all is a mistake of the command line, and is told by line, never quoted', async () => {
    const secret = `${(await generateX25519Identity()).slice(0, -1)}Q`;
    for (const [content, told] of [
      ['hello', 'line 1 of FILE holds no age identity'],
      [`# x\n\n${secret}`, 'line 3 of FILE holds an age identity with a wrong checksum: mistyped, or cut'],
      ['# nothing\n', 'no identity in FILE'],
      ['-----BEGIN RSA PRIVATE KEY-----\nAA', 'FILE holds an SSH private key that has no end'],
    ] as const) {
      const path = file('bad', content);
      const { code, stderr } = await coldcase(['--debug', 'ls', alone, '-i', path, '-i', KEY]);
      expect([code, stderr.split('\n')[0]]).toEqual([2, `coldcase: ${told.replace('FILE', path)}`]);
      expect(stderr).not.toContain(secret.slice(20, 50));
    }
    const plugin = await coldcase(['keygen', '-y', file('plugin', `${PLUGIN}\n${right}`)]);
    expect([plugin.code, plugin.stdout]).toEqual([2, '']);
    expect(plugin.stderr).toContain('holds an identity of age-plugin-yubikey: only age itself can use that');
  });
});

test('damage stays damage: exit code 5', async () => {
  const whole = readFileSync(alone);
  const mac = whole.indexOf('\n--- ') + 8;
  const damaged = (at: number, name: string): string => {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
    return file(name, bytes);
  };
  for (const path of [damaged(mac, 'mac.age'), damaged(whole.length - 5, 'chunk.age')]) {
    for (const words of [
      ['ls', path],
      ['unseal', path, '-o', '-'],
      ['verify', path],
    ]) {
      const { code } = await coldcase([...words, '-i', KEY]);
      expect([words[0], path, code]).toEqual([words[0], path, ExitCode.integrity]);
    }
  }
  // with both, the bytes come first
  const both = damaged(whole.length - 5, 'both.age');
  copyFileSync(`${known}.json`, `${both}.json`);
  expect((await coldcase(['verify', both, '-i', wrong])).code).toBe(ExitCode.integrity);
});
