import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineFormat } from '../../src/cli/memory-strings.js';
import { StringLines } from '../../src/cli/string-lines.js';
import { escapeJson, escapeText } from '../../src/render/escape.js';
import { makeSpace } from '../support/address-space.js';

const space = makeSpace([{ gap: 0, pages: [undefined] }]);
const [vma] = space.vmas;
if (vma === undefined) throw new Error('no mapping');

const format = fc.constantFrom('text' as const, 'json' as const, 'ndjson' as const);
/** Below and above what shares a head, 48 bits and more, and all bits set. */
const address = fc.oneof(
  fc.bigInt(0n, 0x20000n),
  fc.bigInt(0x7ff8_1cfe_0000n, 0x7ff8_1d00_0000n),
  fc.bigInt(0xffff_ffff_ffe0_0000n, 0xffff_ffff_fff0_0000n),
);
const printable = fc.string({
  unit: fc.integer({ min: 0x1f, max: 0x7e }).map((code) => String.fromCharCode(code === 0x1f ? 9 : code)),
  minLength: 1,
  maxLength: 12,
});
const strings = fc.array(fc.tuple(fc.constantFrom(1, 0xffff, 0x10001), printable), { maxLength: 4 });

test.each([1, 2] as const)(
  '%i bytes a character: the lines that escaping each text by itself makes',
  (step) => {
    fc.assert(
      fc.property(format, address, strings, (how, base, list) => {
        const target = { pid: 42, space };
        const bytes = Buffer.alloc(0x50000);
        const spans: number[] = [];
        let expected = '';
        let at = 0;
        for (const [gap, text] of list) {
          at += gap;
          spans.push(at, at + text.length * step);
          bytes.write(text, at, step === 1 ? 'latin1' : 'utf16le');
          const shown = `0x${(base + BigInt(at)).toString(16)}`;
          const json = escapeJson(JSON.stringify({ pid: 42, address: shown, vma: '[anon]', text }));
          if (how === 'text') expected += `     42 ${shown.padStart(18)} ${escapeText(text)}\n`;
          else expected += how === 'json' ? `,\n  ${json}` : `${json}\n`;
          at += text.length * step;
        }
        const lines = new StringLines(lineFormat(target, how), step);
        let written = '';
        for (const block of lines.add({ address: base, bytes, spans: Uint32Array.from(spans), vma })) {
          written += Buffer.from(block).toString('latin1');
        }
        for (const block of lines.take()) written += Buffer.from(block).toString('latin1');
        expect(written).toBe(expected);
      }),
      { numRuns: 300 },
    );
  },
);

test('lines longer than a block, and more of them than a block holds', () => {
  const name = 'n'.repeat(3 << 20);
  const head = (at: bigint) => `${name} 0x${at.toString(16)} `;
  const lines = new StringLines({ head, tail: '\n', escapes: {} }, 1);
  const bytes = Buffer.from('abcd efgh ijkl');
  let written = '';
  const spans = Uint32Array.from([0, 4, 5, 9, 10, 14]);
  for (const block of lines.add({ address: 0x10000n, bytes, spans, vma }))
    written += Buffer.from(block).toString();
  for (const block of lines.take()) written += Buffer.from(block).toString();
  expect(written).toBe(`${name} 0x10000 abcd\n${name} 0x10005 efgh\n${name} 0x1000a ijkl\n`);
});
