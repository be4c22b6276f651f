import * as streams from 'node:stream';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import binding from 'zstd-napi/binding.js';
import { FrameMeter } from '../../src/bytes/zstd-frame.js';
import { nativeEngine } from '../../src/bytes/zstd-native.js';
import { nodeEngine } from '../../src/bytes/zstd-node.js';
import { CutShortError, type ZstdEngine, ZstdError } from '../../src/bytes/zstd-work.js';
import { noise } from '../support/noise.js';

const native = nativeEngine(binding);
const own = nodeEngine(zlib, streams);

/** A skippable frame. */
function skippable(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5c, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** As a writer makes it that does not know how much will come: no content size. */
function withoutSize(content: Uint8Array): Uint8Array {
  const context = new binding.CCtx();
  const out = Buffer.alloc(binding.compressBound(content.length) + 64);
  const [, first] = context.compressStream2(out, content, binding.EndDirective.continue);
  const [, rest] = context.compressStream2(out.subarray(first), new Uint8Array(0), binding.EndDirective.end);
  return out.subarray(0, first + rest);
}

const FRAMES: readonly (readonly [name: string, content: Uint8Array, frame: Uint8Array])[] = [
  ...[0, 1, 200, 255, 256, 300, 65_791, 65_792, 1 << 20, 9 << 20].flatMap((size) => {
    const content = noise(size);
    return [['noise', content, native.compress(content, 1)] as const];
  }),
  ['zeros', Buffer.alloc(1 << 20), native.compress(Buffer.alloc(1 << 20), 3)],
  [
    'text',
    Buffer.from('what is this? '.repeat(9999)),
    native.compress(Buffer.from('what is this? '.repeat(9999)), 9),
  ],
  ['no content size', noise(3 << 20), withoutSize(noise(3 << 20))],
  ['no content size, small', Buffer.from('hello'), withoutSize(Buffer.from('hello'))],
  ['skippable', Buffer.alloc(0), skippable(noise(100_000))],
  ['skippable, empty', Buffer.alloc(0), skippable(Buffer.alloc(0))],
];

describe('FrameMeter', () => {
  test.each(FRAMES)('finds the end of a frame, in whatever pieces it comes: %s', (_, content, frame) => {
    for (const size of [frame.length, 1000, 7, 1]) {
      if (size < 1000 && frame.length > 1 << 20) continue;
      const meter = new FrameMeter();
      const more = Buffer.concat([frame, noise(50)]);
      let used = 0;
      for (let ended = false; !ended; ) {
        const taken = meter.take(more.subarray(used, used + size));
        used += taken.used;
        ended = taken.ended;
        expect(used).toBeLessThanOrEqual(frame.length);
      }
      expect(used).toBe(frame.length);
      if (meter.contentSize !== undefined) expect(meter.contentSize).toBe(content.length);
      expect(meter.contentSize ?? null).toBe(meter.skippable ? null : binding.getFrameContentSize(frame));
    }
  });

  test('says what is no frame, and takes anything without end or harm', () => {
    expect(() => new FrameMeter().take(Buffer.from('no frame'))).toThrow(ZstdError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const meter = new FrameMeter();
        try {
          expect(meter.take(Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd), bytes])).used).toBeGreaterThan(
            0,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(ZstdError);
        }
      }),
    );
  });
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What decoding gives, and the ends of frames that it tells. */
async function decoded(engine: ZstdEngine, input: AsyncIterable<Uint8Array>): Promise<[Buffer, number[][]]> {
  const out: Uint8Array[] = [];
  const ends: number[][] = [];
  for await (const piece of engine.decode(
    input,
    () => {},
    (...end) => void ends.push(end),
  )) {
    expect(piece.length).toBeLessThanOrEqual(256 * 1024);
    out.push(Uint8Array.from(piece));
  }
  return [Buffer.concat(out), ends];
}

const has = own === undefined ? ` (that of node itself is skipped: ${process.version} has none)` : '';

const ENGINES = [
  { name: 'zstd-napi', engine: native },
  ...(own === undefined ? [] : [{ name: 'node itself', engine: own }]),
];

describe.each(ENGINES)(`zstd of $name${has}`, ({ engine }) => {
  const all = Buffer.concat(FRAMES.map(([, , frame]) => frame));
  const content = Buffer.concat(FRAMES.map(([, each]) => each));

  test('decodes a run of frames, and tells where each ends', async () => {
    for (const size of [all.length, 100_000, 4099]) {
      const [out, ends] = await decoded(engine, pieces(all, size));
      expect(Buffer.compare(out, content)).toBe(0);
      const total = (bytes: readonly Uint8Array[]): number =>
        bytes.reduce((sum, { length }) => sum + length, 0);
      const wanted = FRAMES.map((_each, at) => {
        const until = FRAMES.slice(0, at + 1);
        return [total(until.map(([, , frame]) => frame)), total(until.map(([, each]) => each))];
      });
      // an engine may tell of an end twice, never of one that is none
      expect(ends.filter((end, at) => String(end) !== String(ends[at - 1]))).toEqual(wanted);
    }
  });

  test('decodes single frames of a known size', () => {
    for (const [name, each, frame] of FRAMES.filter(([kind]) => !/skippable|no content/.test(kind))) {
      expect([name, engine.isFrame(frame, each.length)]).toEqual([name, true]);
      expect(engine.isFrame(frame, each.length + 1)).toBe(false);
      const into = Buffer.alloc(each.length);
      expect(engine.decodeFrame(frame, into)).toBe(each.length);
      expect(Buffer.compare(into, each)).toBe(0);
    }
  });

  test('packs frames that the other reads, with their content size, and a checksum where it should', async () => {
    for (const [, each] of FRAMES) {
      const out = Buffer.alloc(binding.compressBound(each.length) + 64);
      const plain = out.subarray(0, engine.compressor(3)(out, each));
      const checked = engine.compress(each, 6);
      for (const frame of [plain, checked]) {
        expect(binding.getFrameContentSize(frame)).toBe(each.length);
        const [back] = await decoded(native, pieces(frame, 1 << 20));
        expect(Buffer.compare(back, each)).toBe(0);
      }
      expect((checked[4] ?? 0) & 4).toBe(4);
      expect((plain[4] ?? 0) & 4).toBe(0);
    }
  });

  test('damage and an early end are told as what they are; an error of the input passes', async () => {
    const [, , frame] = FRAMES.find(([, each]) => each.length === 1 << 20) ?? FRAMES[0] ?? ['', all, all];
    const flipped = Buffer.from(native.compress(Buffer.from('what is this? '.repeat(999)), 3));
    flipped[20] = (flipped[20] ?? 0) ^ 0xff;
    await expect(decoded(engine, pieces(flipped, 99))).rejects.toThrow(ZstdError);
    await expect(decoded(engine, pieces(Buffer.from('no zstd at all'), 5))).rejects.toThrow(ZstdError);
    for (const length of [3, 6, 1000, frame.length - 1]) {
      await expect(decoded(engine, pieces(frame.subarray(0, length), 500))).rejects.toThrow(CutShortError);
    }
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield frame.subarray(0, 1000);
      throw new TypeError('of the input');
    };
    await expect(decoded(engine, failing())).rejects.toThrow(new TypeError('of the input'));
  });

  test('a window above 128 MiB is refused', async () => {
    const context = new binding.CCtx();
    context.setParameter(binding.CParameter.windowLog, 28);
    const out = Buffer.alloc(4096);
    const [, first] = context.compressStream2(out, Buffer.alloc(100), binding.EndDirective.continue);
    const [, rest] = context.compressStream2(
      out.subarray(first),
      new Uint8Array(0),
      binding.EndDirective.end,
    );
    await expect(decoded(engine, pieces(out.subarray(0, first + rest), 99))).rejects.toThrow(
      /memory|window/i,
    );
  });

  test('lets go of its input when nobody wants more', async () => {
    let closed = false;
    const input = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield all;
      } finally {
        closed = true;
      }
    };
    for await (const piece of engine.decode(input(), () => {}, undefined)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });
});
