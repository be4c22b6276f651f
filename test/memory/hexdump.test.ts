import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HexDump } from '../../src/memory/hexdump.js';

const noHexdump = spawnSync('hexdump', ['-C', '/dev/null']).status !== 0;

function dumpOf(address: bigint, pieces: readonly Uint8Array[]): string {
  const dump = new HexDump(address);
  return pieces.map((piece) => dump.push(piece)).join('') + dump.end();
}

test('rows, folding, the end', () => {
  const bytes = Buffer.concat([
    Buffer.from('The quick\x00\xff', 'latin1'),
    Buffer.alloc(5),
    Buffer.alloc(64),
    Buffer.from('x'),
  ]);
  expect(dumpOf(0x7ff81cfe0000n, [bytes])).toBe(`\
7ff81cfe0000  54 68 65 20 71 75 69 63  6b 00 ff 00 00 00 00 00  |The quick.......|
7ff81cfe0010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
7ff81cfe0050  78                                                |x|
7ff81cfe0051
`);
});

test.skipIf(noHexdump)(`as hexdump -C prints it${noHexdump ? ' (skipped: no hexdump here)' : ''}`, () => {
  const bytes = fc.array(fc.tuple(fc.constantFrom(0, 65, 200, 10), fc.integer({ min: 1, max: 40 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(bytes, fc.nat(50), (runs, cut) => {
      const all = Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte)));
      if (all.length === 0) return;
      const stock = execFileSync('hexdump', ['-C'], { input: all }).toString();
      expect(dumpOf(0n, [all.subarray(0, cut), all.subarray(cut)])).toBe(stock);
    }),
    { numRuns: 40 },
  );
});

test('zeros in no time, wherever they begin and end', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(200), fc.nat(40), (before, zeros, after) => {
      const head = Buffer.alloc(before, 7);
      const tail = Buffer.alloc(after, 9);
      const dump = new HexDump(0x1000n);
      const fast = dump.push(head) + dump.pushZeros(BigInt(zeros)) + dump.push(tail) + dump.end();
      expect(fast).toBe(dumpOf(0x1000n, [head, Buffer.alloc(zeros), tail]));
    }),
  );
  const dump = new HexDump(0n);
  expect(dump.pushZeros(1n << 50n) + dump.end()).toMatch(/\|\n\*\n4000000000000\n$/);
});
