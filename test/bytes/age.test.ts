import {
  armor,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FormatError,
  IntegrityError,
  UsageError,
  WrongKeyError,
  WrongPassphraseError,
} from '../../src/base/errors.js';
import { openAge, openAgeWithKey, unlockAge } from '../../src/bytes/age-unlock.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { noise } from '../support/noise.js';

const MIB = 1024 * 1024;
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

async function encrypt(plain: Uint8Array, ...recipients: string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const each of recipients) encrypter.addRecipient(each);
  return encrypter.encrypt(plain);
}

const open = (bytes: Uint8Array, identities = [identity]) =>
  openAge(new MemorySource(bytes, 'test.age'), { identities });

async function readAll(bytes: Uint8Array): Promise<Buffer> {
  const plain = await open(bytes);
  return Buffer.from(await plain.read(0, plain.size));
}

const PLAIN = noise(5 * 64 * 1024 + 77);
const SEALED = await encrypt(PLAIN, recipient);
const HEADER = Buffer.from(SEALED).indexOf('\n--- ') + 1 + 48;

test('reads any range of what the age-encryption package wrote, binary and armored', async () => {
  const armored = Buffer.from(armor.encode(SEALED));
  const crlf = Buffer.from(`  \n${armor.encode(SEALED).replaceAll('\n', '\r\n')}\n\n`);
  for (const file of [SEALED, armored, crlf]) {
    const source = await open(file);
    expect(source.size).toBe(PLAIN.length);
    await fc.assert(
      fc.asyncProperty(fc.nat(PLAIN.length), fc.nat(PLAIN.length), async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(Buffer.compare(await source.read(from, to - from), PLAIN.subarray(from, to))).toBe(0);
      }),
      { numRuns: 60 },
    );
    await expect(source.read(PLAIN.length, 1)).rejects.toThrow(FormatError);
  }
});

test('payloads around the chunk size', async () => {
  for (const size of [0, 1, 65535, 65536, 65537, 131072]) {
    const plain = noise(size);
    expect(await readAll(await encrypt(plain, recipient))).toEqual(plain);
  }
});

test('post-quantum identities, and several recipients', async () => {
  const hybrid = await generateHybridIdentity();
  const file = await encrypt(PLAIN, await identityToRecipient(hybrid), await identityToRecipient(hybrid));
  expect((await open(file, [hybrid])).size).toBe(PLAIN.length);
  const other = await encrypt(PLAIN, await identityToRecipient(await generateX25519Identity()), recipient);
  expect((await open(other)).size).toBe(PLAIN.length);
});

test('the wrong identity, none, and a passphrase that cannot be asked for', async () => {
  await expect(open(SEALED, [await generateX25519Identity()])).rejects.toThrow(WrongKeyError);
  await expect(open(SEALED, [])).rejects.toThrow(UsageError);
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(4);
  encrypter.setPassphrase('correct');
  const file = await encrypter.encrypt('secret');
  await expect(open(file)).rejects.toThrow(UsageError);
  const source = new MemorySource(file, 'x');
  await expect(openAge(source, { identities: [], passphrase: async () => 'wrong' })).rejects.toThrow(
    WrongPassphraseError,
  );
  const plain = await openAge(source, { identities: [], passphrase: async () => 'correct' });
  expect(Buffer.from(await plain.read(0, plain.size)).toString()).toBe('secret');
});

test('a header that asks for more scrypt work than we would spend is refused before any', async () => {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(2);
  encrypter.setPassphrase('x');
  const text = Buffer.from(await encrypter.encrypt('x')).toString('latin1');
  const hostile = Buffer.from(text.replace(/(-> scrypt \S+) 2\n/, '$1 30\n'), 'latin1');
  const opened = openAge(new MemorySource(hostile, 'x'), { identities: [], passphrase: async () => 'x' });
  await expect(opened).rejects.toThrow('work factor 2^30');
});

test('an endless header, line or list of recipients is refused, not collected', async () => {
  const v1 = 'age-encryption.org/v1\n';
  for (const [text, problem] of [
    [v1 + 'x'.repeat(MIB), 'longer than'],
    [`${v1}-> X25519 ${'A'.repeat(MIB)}`, 'longer than'],
    [v1 + '-> a b\nAAAA\n'.repeat(300_000), 'more than 1024'],
    [`${v1}-> a b\n${`${'A'.repeat(64)}\n`.repeat(30_000)}`, 'larger than'],
    [v1, 'ends within'],
    ['age-encryption.org/v2\n', 'not an age v1 file'],
  ] as const) {
    await expect(open(Buffer.from(text))).rejects.toThrow(problem);
  }
});

test('cut anywhere, it does not open; never a wrong byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(SEALED.length - 1), async (length) => {
      await expect(open(SEALED.subarray(0, length))).rejects.toThrow(IntegrityError);
    }),
    { numRuns: 60 },
  );
  for (const chunks of [1, 2, 3]) {
    await expect(open(SEALED.subarray(0, HEADER + 16 + chunks * 65552))).rejects.toThrow('truncated');
  }
});

test('one flipped bit anywhere is found when it is read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(SEALED.length - 1), fc.nat(7), async (at, bit) => {
      const damaged = Uint8Array.from(SEALED);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      const error: unknown = await readAll(damaged).catch((caught: unknown) => caught);
      // in what is wrapped for the recipient, it looks as if it were for another one
      const expected = at < HEADER ? [IntegrityError, WrongKeyError] : [IntegrityError];
      expect(expected.some((kind) => error instanceof kind)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('chunks swapped, repeated or appended do not authenticate', async () => {
  const start = SEALED.length - (5 * 65552 + 77 + 16);
  const chunk = (n: number) => SEALED.subarray(start + n * 65552, start + (n + 1) * 65552);
  const head = SEALED.subarray(0, start);
  for (const order of [
    [1, 0, 2, 3, 4, 5],
    [0, 1, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5, 5],
    [0, 1, 2, 3, 5],
  ]) {
    await expect(readAll(Buffer.concat([head, ...order.map(chunk)]))).rejects.toThrow(IntegrityError);
  }
});

test('malformed armor is refused', async () => {
  const armored = armor.encode(SEALED);
  for (const text of [
    armored.slice(0, -30),
    armored.replace('\n', '\n\n'),
    armored.replace(/([A-Z]{4})\n/, '$1 \n'),
    armored.replace('=', '!'),
    `${armored}junk`,
  ]) {
    await expect(readAll(Buffer.from(text))).rejects.toThrow(IntegrityError);
  }
});

test('the file key opens a file again, and only with the header that it authenticates', async () => {
  const { fileKey } = await unlockAge(new MemorySource(SEALED, 'test.age'), { identities: [identity] });
  const again = await openAgeWithKey(new MemorySource(SEALED, 'test.age'), fileKey);
  expect(Buffer.compare(await again.read(0, PLAIN.length), PLAIN)).toBe(0);
  const text = Buffer.from(SEALED).toString('latin1');
  const stanza = text.indexOf('\n-> ');
  const other = Buffer.from(
    `${text.slice(0, stanza)}\n-> other stanza\n\n${text.slice(stanza + 1)}`,
    'latin1',
  );
  await expect(openAgeWithKey(new MemorySource(other, 'test.age'), fileKey)).rejects.toThrow(
    /does not authenticate/,
  );
});
