import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../src/bytes/memory.js';
import type { ByteSource } from '../../../src/bytes/source.js';
import type { OutlineContent } from '../../../src/tui/core/outline.js';
import type { LoadContext } from '../../../src/tui/core/state.js';
import { longText } from '../../../src/tui/screens/long-text.js';
import { ROW_MOST, TEXT_BLOCK, TextIndex } from '../../../src/tui/screens/text-index.js';

const never = new AbortController().signal;
const run = { signal: never, progress: () => {} };

/** Bytes in use once all garbage is collected. */
function held(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Opened {
  readonly content: OutlineContent;
  /** Counts the rest of the rows. */
  readonly rest: () => Promise<void>;
}

async function open(source: ByteSource): Promise<Opened> {
  let work: Parameters<LoadContext['goOn']>[0] = async () => {};
  const goOn = (going: typeof work): void => {
    work = going;
  };
  const context: LoadContext = { signal: never, changed: () => {}, progress: () => {}, goOn };
  const content = await longText(source, context);
  return { content, rest: () => work(() => {}) };
}

async function textOf(content: OutlineContent, row: number): Promise<string> {
  for (;;) {
    const item = content.root.child?.(row);
    if (item?.cells[0] !== 'reading') return item?.cells[0] ?? '';
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lines of 100 bytes, numbered, made when read. */
function numbered(lines: number): ByteSource {
  const line = (at: number): string => `line ${String(at).padStart(10, '0')} ${'x'.repeat(83)}\n`;
  return {
    name: 'numbered',
    size: lines * 100,
    read: async (offset, length) => {
      const first = Math.floor(offset / 100);
      const out = Buffer.alloc((Math.ceil((offset + length) / 100) - first) * 100, line(0));
      for (let at = 0; at * 100 < out.length; at += 1) {
        out.write(String(first + at).padStart(10, '0'), at * 100 + 5, 'latin1');
      }
      return out.subarray(offset - first * 100, offset - first * 100 + length);
    },
    close: async () => {},
  };
}

describe('text of any size', () => {
  it('has the rows that splitting it at its line breaks gives', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\n\n\n',
        'é'.repeat(70_000),
        'x'.repeat(TEXT_BLOCK),
        'ab\n'.repeat(24_000),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const bytes = Buffer.from(pieces.join(''));
        const { content, rest } = await open(new MemorySource(bytes, 'x'));
        await rest();
        const texts: string[] = [];
        for (let row = 0; row < content.root.count; row += 1) {
          // a row that goes on a line is marked
          const text = await textOf(content, row);
          if (content.root.child?.(row).mark === '+') texts.push((texts.pop() ?? '') + text);
          else texts.push(text);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(ROW_MOST);
        }
        const lines = bytes
          .toString('utf8')
          .replace(/^\ufeff/, '')
          .split(/\r?\n/);
        if (lines.at(-1) === '') lines.pop();
        expect(texts).toEqual(lines);
      }),
      { numRuns: 10 },
    );
  });

  it('shows the end of 300 MiB, and holds little of it', async () => {
    const lines = 3_000_000;
    const { content, rest } = await open(numbered(lines));
    expect(content.root.count).toBeLessThan(30_000);
    expect(content.note).toContain('Esc stops counting');
    const before = held();
    await rest();
    expect(content.root.count).toBe(lines);
    expect(content.note).toBe('286 MiB: 3000000 rows');
    for (const row of [0, lines - 1, 1_234_567, 2]) {
      expect(await textOf(content, row)).toContain(`line ${String(row).padStart(10, '0')}`);
    }
    for (let row = 0; row < lines; row += 2000) await textOf(content, row);
    // two million bytes of blocks, as text and what goes with it
    expect(held() - before).toBeLessThan(32 << 20);
  }, 30_000);

  it('finds the next and the previous row with a pattern, counted already or not', async () => {
    const { content, rest } = await open(numbered(200_000));
    const find = content.find;
    if (find === undefined) throw new Error('no find');
    expect(await find('LINE 0000150000', 0, 1, run)).toBeUndefined();
    expect(await find('line 0000150000', -1, 1, run)).toBe(150_000);
    await rest();
    expect(await find('0000150000', 150_000, 1, run)).toBeUndefined();
    expect(await find('0000150000', 150_001, -1, run)).toBe(150_000);
    expect(await find('0000150000', 150_000, -1, run)).toBeUndefined();
    expect(await find('line', 70_000, -1, run)).toBe(69_999);
    expect(await find('line', 199_999, 1, run)).toBeUndefined();
    expect(await find('line', 0, -1, run)).toBeUndefined();
    const stopped = { ...run, signal: AbortSignal.abort(new Error('stopped')) };
    await expect(find('nowhere', 0, 1, stopped)).rejects.toThrow('stopped');
  });

  it('keeps few offsets of a text that is all line breaks, and of one that has none', async () => {
    for (const byte of [0x0a, 0x41, 0x80]) {
      const index = new TextIndex(new MemorySource(Buffer.alloc(3 << 20, byte), 'x'));
      while (!index.done) await index.extend();
      expect(index.rows).toBe(byte === 0x0a ? 3 << 20 : (3 << 20) / ROW_MOST);
      expect(index.block(48)).toBeUndefined();
      expect(index.blockOf(index.rows - 1)?.end).toBe(3 << 20);
      expect(index.blockOf(index.rows)).toBeUndefined();
    }
  });
});

it('shows bytes that are no UTF-8, at the edges of blocks as well, and no byte order mark', async () => {
  const line = Buffer.from('caf\xe9\n', 'latin1');
  const bytes = Buffer.concat([Buffer.from('\ufeff'), ...Array.from({ length: TEXT_BLOCK }, () => line)]);
  const { content, rest } = await open(new MemorySource(bytes, 'latin-1'));
  await rest();
  expect(await textOf(content, 0)).toBe('caf\udce9');
  expect(await textOf(content, TEXT_BLOCK - 1)).toBe('caf\udce9');
});
