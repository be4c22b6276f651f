import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../src/bytes/memory.js';
import { sourceHex } from '../../../src/tui/screens/hex-source.js';

const run = { signal: new AbortController().signal, progress: () => {} };

describe('search in a file', () => {
  it('finds what indexOf and lastIndexOf find, over window boundaries too', async () => {
    const bytes = Buffer.alloc(2_500_000, 'abcabd');
    bytes.write('needle', (1 << 20) - 3);
    bytes.write('needle', 2_400_000);
    const hex = sourceHex(new MemorySource(bytes, 'x'), 'x', () => {});
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.constantFrom('needle', 'abd', 'nothing'),
        async (from, text) => {
          const next = await hex.find(text, BigInt(from), 1, run);
          const expected = bytes.indexOf(text, from + 1);
          expect(next).toEqual(expected < 0 ? undefined : { address: BigInt(expected), length: text.length });
          const before = await hex.find(text, BigInt(from), -1, run);
          const earlier = from === 0 ? -1 : bytes.lastIndexOf(text, from - 1);
          expect(before).toEqual(earlier < 0 ? undefined : { address: BigInt(earlier), length: text.length });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('finds text in any case and as UTF-16, as the command does', async () => {
    const wide = Buffer.from('PassWord', 'utf16le');
    const bytes = Buffer.concat([Buffer.alloc(100), wide, Buffer.alloc(100), Buffer.from('PASSWORD')]);
    const hex = sourceHex(new MemorySource(bytes, 'x'), 'x', () => {});
    expect(await hex.find('password', -1n, 1, run)).toBeUndefined();
    expect(await hex.find('i:password', -1n, 1, run)).toEqual({ address: 216n, length: 8 });
    expect(await hex.find('iu:password', -1n, 1, run)).toEqual({ address: 100n, length: 16 });
    expect(await hex.find('u:PassWord', -1n, 1, run)).toEqual({ address: 100n, length: 16 });
    expect(await hex.find('rei:passw[o]rd', -1n, 1, run)).toEqual({ address: 216n, length: 8 });
  });

  it('takes hex with wildcards and regular expressions, and stops those that run away', async () => {
    const bytes = Buffer.concat([Buffer.alloc(5000), Buffer.from('48318b05', 'hex'), Buffer.alloc(60, 'a')]);
    const hex = sourceHex(new MemorySource(bytes, 'x'), 'x', () => {});
    expect(await hex.find('hex:48 ?? 8b', -1n, 1, run)).toEqual({ address: 5000n, length: 3 });
    expect(await hex.find('re:a{3}', 0n, 1, run)).toEqual({ address: 5004n, length: 3 });
    await expect(hex.find('re:(a+a+)+b', 0n, 1, run)).rejects.toThrow('takes too long');
    await expect(hex.find('re:(', 0n, 1, run)).rejects.toThrow('invalid');
    await expect(hex.find('hex:zz', 0n, 1, run)).rejects.toThrow('hex pattern');
  });
});
