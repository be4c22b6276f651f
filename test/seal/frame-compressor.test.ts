import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import binding from 'zstd-napi/binding.js';
import { createContentHash } from '../../src/seal/content-hash.js';
import { FrameCompressor } from '../../src/seal/frame-compressor.js';
import { STORED, storedFrame } from '../../src/seal/stored-frame.js';

const MIB = 1024 * 1024;
const compressor = new FrameCompressor();
const out = new Uint8Array(MIB + MIB / 128);

/** The frame as sealing writes it. */
function compressed(content: Uint8Array): Buffer {
  const length = compressor.compress(content, out);
  return Buffer.concat(length === STORED ? storedFrame(content) : [out.subarray(0, length)]);
}

const repeated = (unit: Uint8Array) => Buffer.alloc(MIB, unit);

test('whatever the content, stock zstd decodes it to the same, and a frame never outgrows its slot', () => {
  const kinds = fc.constantFrom(
    Buffer.alloc(MIB),
    randomBytes(MIB),
    repeated(randomBytes(64 * 1024)),
    repeated(Buffer.from('GET /v1/payments 200\n')),
  );
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: MIB }), fc.nat(MIB - 1), (kind, length, touched) => {
      const content = Buffer.from(kind.subarray(0, length));
      content[touched % length] = 0x5a;
      expect(decompress(compressed(content)).equals(content)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('zero pages take a few bytes, and random ones a few more than they are', () => {
  expect(compressed(Buffer.alloc(MIB)).length).toBeLessThan(100);
  expect(compressed(Buffer.alloc(MIB)).equals(compressed(Buffer.alloc(MIB)))).toBe(true);
  expect(compressed(randomBytes(MIB)).length).toBeLessThan(MIB + 100);
});

test('a stored frame is decoded by zstd, whatever its length', () => {
  for (const length of [1, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 3 * 128 * 1024, MIB - 1, MIB]) {
    const content = randomBytes(length);
    const frame = Buffer.concat(storedFrame(content));
    expect(binding.getFrameContentSize(frame)).toBe(length);
    expect(decompress(frame).equals(content)).toBe(true);
  }
});

test('what only looks random is still searched for matches', () => {
  expect(compressor.looksRandom(randomBytes(MIB))).toBe(true);
  expect(compressor.looksRandom(repeated(randomBytes(64 * 1024)))).toBe(false);
  expect(compressor.looksRandom(Buffer.from(randomBytes(MIB).toString('base64').slice(0, MIB)))).toBe(false);
  expect(compressed(repeated(randomBytes(64 * 1024))).length).toBeLessThan(100_000);
});

test('much content is hashed on a thread of its own, to the same hash', async () => {
  const content = randomBytes(3 * MIB + 17);
  const expected = createHash('sha256');
  const hash = createContentHash(1024 * MIB);
  try {
    for (const length of [1, MIB, content.length, 70_000, 2 * MIB + 1, 0, content.length, content.length]) {
      const piece = Buffer.from(content.subarray(0, length));
      expected.update(piece);
      await hash.update(piece);
      piece.fill(0); // it was copied
    }
    expect(await hash.digest()).toBe(expected.digest('hex'));
  } finally {
    await hash.close();
  }
});
