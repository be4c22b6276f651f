import { createCipheriv, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { compress } from 'zstd-napi';
import { encodeSealedIndex } from '../../src/archive/sealed-index.js';
import { indexTar } from '../../src/archive/tar-index.js';
import { parseAgeHeader } from '../../src/bytes/age-header.js';
import {
  CHUNK_SIZE,
  payloadKey,
  SEALED_CHUNK_SIZE,
  sealedSize,
  setChunkNonce,
} from '../../src/bytes/age-stream.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { requireRange } from '../../src/bytes/range.js';
import type { ByteSource } from '../../src/bytes/source.js';

const FRAME = 1024 * 1024;

/** A run of bytes: the same piece over and over. */
interface Run {
  readonly piece: Uint8Array;
  readonly times: number;
}

/** Runs of bytes as a source that holds each piece once. */
function runsSource(runs: readonly Run[], name: string): ByteSource {
  const size = runs.reduce((sum, { piece, times }) => sum + piece.length * times, 0);
  const self: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const out = Buffer.alloc(length);
      let start = 0;
      for (const { piece, times } of runs) {
        const end = start + piece.length * times;
        for (let at = Math.max(offset, start); at < Math.min(offset + length, end); ) {
          const within = (at - start) % piece.length;
          const part = piece.subarray(within, within + offset + length - at);
          out.set(part, at - offset);
          at += part.length;
        }
        start = end;
      }
      return out;
    },
    close: async () => {},
  };
  return self;
}

/** A tar with one of its files made as large as wanted, the added bytes incompressible. */
export interface GrownTar {
  readonly head: Uint8Array;
  /** 1 MiB, which follows the head as often as `times` says. */
  readonly filler: Uint8Array;
  readonly times: number;
  readonly tail: Uint8Array;
}

/** Makes the file `name` of a tar larger by `mebibytes`. */
export async function growTar(tar: Buffer, name: string, mebibytes: number): Promise<GrownTar> {
  const { entries } = await indexTar(new MemorySource(tar, 'tar'));
  const entry = entries.find((each) => each.name === name);
  if (entry === undefined) throw new Error(`no ${name} in this tar`);
  const end = entry.dataOffset + Math.ceil(entry.size / 512) * 512;
  const head = Buffer.from(tar.subarray(0, end));
  const header = head.subarray(entry.dataOffset - 512, entry.dataOffset);
  const size = end - entry.dataOffset + mebibytes * FRAME;
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return { head, filler: randomBytes(FRAME), times: mebibytes, tail: tar.subarray(end) };
}

/** The tar itself as a source. */
export function grownSource({ head, filler, times, tail }: GrownTar): ByteSource {
  const runs = [
    { piece: head, times: 1 },
    { piece: filler, times },
    { piece: tail, times: 1 },
  ];
  return runsSource(runs, 'grown.tar');
}

/** The tar sealed as coldcase seals: encrypted when read, chunk by chunk, so that its size costs nothing. */
export async function sealGrown(
  tar: GrownTar,
  options: { readonly index?: boolean } = {},
): Promise<{ source: ByteSource; identity: string }> {
  const frames: { bytes: Uint8Array; size: number; times: number }[] = [];
  const add = (bytes: Uint8Array, times = 1): void => {
    for (let at = 0; at < bytes.length; at += FRAME) {
      const part = bytes.subarray(at, at + FRAME);
      const frame = compress(part, { compressionLevel: 3, checksumFlag: true });
      frames.push({ bytes: frame, size: part.length, times });
    }
  };
  add(tar.head);
  add(tar.filler, tar.times);
  add(tar.tail);
  const plain = grownSource(tar);
  if (options.index !== false) {
    const { entries, marked } = await indexTar(plain);
    const sha256 = '0'.repeat(64);
    const record = { tar: { size: plain.size, sha256 }, entries, marked, capture: { tool: 'test' } };
    frames.push({ bytes: encodeSealedIndex(record), size: 0, times: 1 });
  }
  const runs = [
    ...frames.map(({ bytes, times }) => ({ piece: bytes, times })),
    { piece: seekTable(frames.flatMap((frame) => Array<typeof frame>(frame.times).fill(frame))), times: 1 },
  ];
  return encrypted(runsSource(runs, 'grown.tar.zst'));
}

/** The seek table of the zstd seekable format, without checksums. */
export function seekTable(frames: readonly { bytes: Uint8Array; size: number }[]): Uint8Array {
  const table = Buffer.alloc(8 + frames.length * 8 + 9);
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  frames.forEach(({ bytes, size }, at) => {
    table.writeUInt32LE(bytes.length, 8 + at * 8);
    table.writeUInt32LE(size, 12 + at * 8);
  });
  table.writeUInt32LE(frames.length, table.length - 9);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return table;
}

/** A source encrypted with age to a new identity; its chunks are made when they are read. */
export async function encrypted(plain: ByteSource): Promise<{ source: ByteSource; identity: string }> {
  const identity = await generateIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const header = parseAgeHeader(await encrypter.encrypt(new Uint8Array(0)), 'header');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  if (header === undefined) throw new Error('no age header');
  const key = payloadKey(await decrypter.decryptHeader(header.bytes), header.nonce);
  const start = Buffer.concat([header.bytes, header.nonce]);
  const lastChunk = Math.max(0, Math.ceil(plain.size / CHUNK_SIZE) - 1);
  const seal = async (chunk: number): Promise<Uint8Array> => {
    const at = chunk * CHUNK_SIZE;
    const nonce = Buffer.alloc(12);
    setChunkNonce(nonce, chunk, chunk === lastChunk);
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    const bytes = cipher.update(await plain.read(at, Math.min(CHUNK_SIZE, plain.size - at)));
    return Buffer.concat([bytes, cipher.final(), cipher.getAuthTag()]);
  };
  const self: ByteSource = {
    name: `${plain.name}.age`,
    size: start.length + sealedSize(plain.size),
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const out = Buffer.alloc(length);
      out.set(start.subarray(offset, offset + length));
      for (let at = Math.max(offset, start.length); at < offset + length; ) {
        const chunk = Math.floor((at - start.length) / SEALED_CHUNK_SIZE);
        const within = at - start.length - chunk * SEALED_CHUNK_SIZE;
        const part = (await seal(chunk)).subarray(within, within + offset + length - at);
        out.set(part, at - offset);
        at += part.length;
      }
      return out;
    },
    close: async () => {},
  };
  return { source: self, identity };
}
