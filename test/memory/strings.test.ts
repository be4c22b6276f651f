import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findStrings, MAX_STRING } from '../../src/memory/strings.js';
import { makeSpace, PAGE, stretches } from '../support/address-space.js';

async function stringsOf(space: ReturnType<typeof makeSpace>, encoding: 'ascii' | 'utf16', min: number) {
  const found: [bigint, string][] = [];
  for await (const batch of findStrings(space, { encoding, min })) {
    for (const { address, text } of batch) found.push([address, text]);
  }
  return found;
}

test.each(['ascii', 'utf16'] as const)('%s: exactly the runs of each stretch of memory', async (encoding) => {
  const step = encoding === 'ascii' ? 1 : 2;
  const page = fc.option(
    fc.tuple(fc.string({ maxLength: 9 }), fc.boolean(), fc.nat(3)).map(([word, atEnd, shift]) => {
      const bytes = Buffer.from(word, encoding === 'ascii' ? 'latin1' : 'utf16le');
      const out = new Uint8Array(PAGE).fill(0x80);
      out.set(bytes, atEnd ? PAGE - bytes.length + (shift % 2 === 0 ? 0 : -1) : shift);
      return out;
    }),
    { nil: undefined },
  );
  const mappings = fc.array(
    fc.record({ gap: fc.constantFrom(0, 0, 1), pages: fc.array(page, { maxLength: 3 }) }),
    {
      maxLength: 4,
    },
  );
  const regex = encoding === 'ascii' ? /[\t -~]{3,}/g : /(?:[\t -~]\0){3,}/g;
  await fc.assert(
    fc.asyncProperty(mappings, async (specs) => {
      const space = makeSpace(specs);
      const expected: [bigint, string][] = [];
      for (const { start, bytes } of await stretches(space)) {
        for (const match of bytes.toString('latin1').matchAll(regex)) {
          expected.push([start + BigInt(match.index), step === 1 ? match[0] : match[0].replaceAll('\0', '')]);
        }
      }
      expect(await stringsOf(space, encoding, 3)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test.each(['ascii', 'utf16'] as const)('%s: what chunks and the longest piece cut', async (encoding) => {
  const step = encoding === 'ascii' ? 1 : 2;
  const size = 5 << 19; // memory is read in chunks of 1 MiB
  for (const end of [0, 1, 2, 3, 4, 5]) {
    const bytes = Buffer.alloc(size, 0x80);
    // across the first border, in pieces across the second, and to the end but for the last few bytes
    const runs = [(1 << 20) - 5 + end, (2 << 20) - 2 * MAX_STRING * step - end, size - 2 * MAX_STRING * step];
    const lengths = [4, 2 * MAX_STRING + 7 + end, (size - (runs[2] ?? 0) - end) >> (step - 1)];
    const expected: [bigint, string][] = [];
    for (const [i, at] of runs.entries()) {
      const text = 'x'.repeat(lengths[i] ?? 0);
      bytes.write(text, at, step === 1 ? 'latin1' : 'utf16le');
      for (let from = 0; from < text.length; from += MAX_STRING) {
        const piece = text.slice(from, from + MAX_STRING);
        if (piece.length >= 3) expected.push([0x10000n + BigInt(at + from * step), piece]);
      }
    }
    const pages = Array.from({ length: size / PAGE }, (_, i) => bytes.subarray(i * PAGE, (i + 1) * PAGE));
    expect(await stringsOf(makeSpace([{ gap: 0, pages }]), encoding, 3)).toEqual(expected);
  }
});

test('a string longer than any buffer comes whole, in pieces', async () => {
  const pages = Array.from({ length: 300 }, () => new Uint8Array(PAGE).fill(0x41));
  const found = await stringsOf(makeSpace([{ gap: 0, pages }]), 'ascii', 4);
  expect(found.reduce((sum, [, text]) => sum + text.length, 0)).toBe(300 * PAGE);
  expect(Math.max(...found.map(([, text]) => text.length))).toBeLessThanOrEqual(MAX_STRING);
  let at = 0x10000n;
  for (const [address, text] of found) {
    expect(address).toBe(at);
    at += BigInt(text.length);
  }
});
