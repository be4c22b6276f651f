import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { FileError } from '../../src/base/file-errors.js';
import { FileOutput, type OutputFile } from '../../src/base/write-all.js';
import { systemError } from '../support/system-error.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coldcase-write-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A file in memory that takes as much of each write as the next number says; what behind the last: an error. */
class ShortFile implements OutputFile {
  readonly fd = -1;
  bytes = Buffer.alloc(0);
  readonly #takes: Iterator<number>;
  readonly #error: Error;

  constructor(takes: Iterable<number>, error = systemError('ENOSPC')) {
    this.#takes = takes[Symbol.iterator]();
    this.#error = error;
  }

  async write(
    from: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }> {
    return { bytesWritten: this.take(from.subarray(offset, offset + length), position) };
  }

  /** As writev(2). */
  readonly writev = (_fd: number, pieces: readonly Uint8Array[], position: number): number =>
    this.take(Buffer.concat(pieces), position);

  async truncate(): Promise<void> {
    throw this.#error;
  }

  private take(bytes: Uint8Array, position: number): number {
    const next = this.#takes.next();
    if (next.done === true) throw this.#error;
    const piece = bytes.subarray(0, next.value);
    const end = Math.max(this.bytes.length, position + piece.length);
    const longer = Buffer.alloc(end);
    longer.set(this.bytes);
    longer.set(piece, position);
    this.bytes = longer;
    return piece.length;
  }
}

function* forEver(takes: readonly number[]): Generator<number> {
  for (;;) yield* takes;
}

test('however little each write takes, every byte arrives where it belongs', async () => {
  const takes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(takes, pieces, fc.nat(30), async (sizes, contents, hole) => {
      const whole = Buffer.concat(contents);
      const one = new ShortFile(forEver(sizes));
      const appended = new FileOutput(one, 'f');
      for (const piece of contents) await appended.append(piece);
      expect(one.bytes).toEqual(whole);
      expect(appended.written).toEqual({ done: whole.length, total: undefined });
      const two = new ShortFile(forEver(sizes));
      new FileOutput(two, 'f', undefined, two.writev).appendSync(contents);
      expect(two.bytes).toEqual(whole);
      const three = new ShortFile(forEver(sizes));
      await new FileOutput(three, 'f').writeAt(whole, hole);
      expect(three.bytes.subarray(hole)).toEqual(whole);
    }),
  );
});

test.each([
  ['ENOSPC', 'no space left on its file system'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'larger than a file can be there'],
  ['EIO', 'input/output error'],
  ['EROFS', 'read-only file system'],
  ['EPIPE', 'nobody reads it any more'],
])('%s after a short write is told as what it is, with how far it came', async (code, text) => {
  const bytes = Buffer.alloc(4096, 1);
  const started = (): ShortFile => new ShortFile([1000, 24], systemError(code));
  const failures = [
    async () => new FileOutput(started(), 'DIR/f', 8192).append(bytes),
    async () => {
      const file = started();
      new FileOutput(file, 'DIR/f', 8192, file.writev).appendSync([bytes]);
    },
  ];
  for (const fail of failures) {
    const error: unknown = await fail().catch((thrown: unknown) => thrown);
    if (!(error instanceof FileError)) throw error;
    expect(error.message).toMatch(new RegExp(`^cannot write DIR/f: ${text}.*, after 1 KiB of 8 KiB$`));
    expect(error.remedy).toMatch(/\S/);
    expect(error).toMatchObject({ code, written: { done: 1024, total: 8192 }, exitCode: ExitCode.failed });
  }
});

test('a write that takes nothing and gives no error ends, and is an error', async () => {
  const file = new ShortFile([10, 0]);
  await expect(new FileOutput(file, 'f').append(Buffer.alloc(20))).rejects.toThrow(
    'cannot write f: its file system takes no more bytes and does not say why, after 10 B',
  );
  const vector = new ShortFile([10, 0]);
  const output = new FileOutput(vector, 'f', undefined, vector.writev);
  expect(() => output.appendSync([Buffer.alloc(20)])).toThrow('takes no more bytes');
});

test('a size that cannot be given is an error', async () => {
  const output = new FileOutput(new ShortFile([], systemError('EFBIG')), 'f');
  await expect(output.resize(2 ** 52)).rejects.toThrow('cannot write f: larger than a file can be there');
});

test('a real file: appended, at a position, in pieces, with a hole at its end', async () => {
  const path = join(root, 'real');
  const file: FileHandle = await open(path, 'wx+');
  const output = new FileOutput(file, path);
  await output.append('abc');
  await output.writeAt(Buffer.from('X'), 1);
  output.appendSync([Buffer.from('de'), Buffer.alloc(0), Buffer.from('f')]);
  await output.append(new Uint8Array(0));
  await output.resize(8);
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('aXcdef\0\0');
});
