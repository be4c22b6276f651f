// Archives each part of which is believable, and whose sum is not. Small, or small once they are compressed.
import { compress } from 'zstd-napi';
import type { ImageKind } from '../../src/criu/kinds.js';
import { buildImage, encode, word } from './criu-image.js';
import { block, rawHeader } from './raw-tar.js';
import { FOWN } from './synthetic-checkpoint.js';

const END = Buffer.alloc(1024);

/** A piece of bytes that comes several times. */
interface Repeated {
  readonly piece: Uint8Array;
  readonly times: number;
}

/**
 * Pieces compressed one by one: what comes several times is compressed once.
 *
 * @param step - how much of it is put together, in bytes
 */
export function* compressed(pieces: Iterable<Repeated>, step = 1): Generator<Uint8Array> {
  for (const { piece, times } of pieces) {
    const many = Math.max(1, Math.min(times, Math.floor(step / Math.max(1, piece.length))));
    const joined = Buffer.concat(Array.from({ length: many }, () => piece));
    const frame = compress(joined, {});
    let left = times;
    for (; left >= many; left -= many) yield frame;
    if (left > 0) yield compress(joined.subarray(0, left * piece.length), {});
  }
}

/** Pieces as they are, the small ones several at a time. */
export function* plain(pieces: Iterable<Repeated>): Generator<Uint8Array> {
  for (const { piece, times } of pieces) {
    const most = Math.max(1, Math.floor((1 << 20) / Math.max(1, piece.length)));
    for (let left = times; left > 0; left -= most) {
      yield Buffer.concat(Array.from({ length: Math.min(left, most) }, () => piece));
    }
  }
}

const once = (piece: Uint8Array): Repeated => ({ piece, times: 1 });
const sizeOf = (pieces: readonly Repeated[]): number =>
  pieces.reduce((sum, { piece, times }) => sum + piece.length * times, 0);

/** A tar whose one entry has many headers before it, all the same; `flag` is x, g, L or K. */
export function manyHeaders(flag: string, body: string, times: number): readonly Repeated[] {
  const header = rawHeader({ name: 'pax', size: Buffer.byteLength(body), flag });
  return [
    { piece: Buffer.concat([header, block(body)]), times },
    once(rawHeader({ name: 'name', size: 0 })),
    once(END),
  ];
}

/** A pax record: its length, which counts itself, key and value. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (length !== String(length).length + Buffer.byteLength(rest)) length += 1;
  return `${length}${rest}`;
}

/** Records of a sparse map of format 0.0, as many as go into a header. */
export function sparseRecords(): string {
  const record = paxRecord('GNU.sparse.numbytes', '0');
  return record.repeat(Math.floor((1 << 20) / record.length));
}

/** A checkpoint of one process, as a tar: the files given beside what every checkpoint has. */
export function checkpointTar(files: Readonly<Record<string, readonly Repeated[]>>): readonly Repeated[] {
  const core = encode({ 1: 1, 3: encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 'one' }) });
  const all = {
    'checkpoint/inventory.img': [once(buildImage('INVENTORY', { message: encode({ 1: 2 }) }))],
    'checkpoint/pstree.img': [
      once(buildImage('PSTREE', { message: encode({ 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }) })),
    ],
    'checkpoint/core-1.img': [once(buildImage('CORE', { message: core }))],
    'checkpoint/ids-1.img': [once(buildImage('IDS', { message: encode({ 1: 1, 2: 5, 3: 1, 4: 1 }) }))],
    ...files,
  };
  const entries = Object.entries(all).flatMap(([name, pieces]) => {
    const size = sizeOf(pieces);
    return [once(rawHeader({ name, size })), ...pieces, once(Buffer.alloc((512 - (size % 512)) % 512))];
  });
  return [...entries, once(END)];
}

/** An image of the same message over and over, each with its payload. */
export function imageOf(
  kind: ImageKind,
  message: Uint8Array,
  times: number,
  payload: Uint8Array = new Uint8Array(),
): readonly Repeated[] {
  return [once(buildImage(kind)), { piece: Buffer.concat([word(message.length), message, payload]), times }];
}

/** An image of messages that differ by a number. */
export function numbered(
  kind: ImageKind,
  count: number,
  message: (number: number) => Uint8Array,
  payload: Uint8Array = new Uint8Array(),
): readonly Repeated[] {
  const parts: Uint8Array[] = [buildImage(kind)];
  for (let number = 1; number <= count; number += 1) {
    const bytes = message(number);
    parts.push(word(bytes.length), bytes, payload);
  }
  return [once(Buffer.concat(parts))];
}

/** Text over and over. */
export const textOf = (text: string, times: number): readonly Repeated[] => [
  { piece: Buffer.from(text.repeat(1000)), times: times / 1000 },
];

const SOCKET_OPTIONS = encode({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1 });

/** files.img of TCP sockets that are connected with nothing. */
export function tcpSockets(count: number): readonly Repeated[] {
  return numbered('FILES', count, (id) => {
    const fields = {
      1: id,
      2: id,
      3: 2,
      4: 1,
      5: 6,
      6: 7,
      7: 0,
      8: 0,
      9: 0,
      10: 0,
      13: FOWN,
      14: SOCKET_OPTIONS,
    };
    return encode({ 1: 3, 2: id, 4: encode(fields) });
  });
}

/** seccomp.img of filters as long as one can be, loads and a return, all alike or each another one. */
export function filters(count: number, alike: boolean): readonly Repeated[] {
  const filter = (number: number): Uint8Array => {
    const program = Buffer.alloc(4096 * 8);
    for (let at = 0; at < 4095; at += 1) program.writeUInt16LE(0x20, at * 8);
    program.writeUInt16LE(0x06, 4095 * 8);
    program.writeUInt32LE(number, 4095 * 8 + 4);
    return encode({ 1: encode({ 1: program, 2: 0 }) });
  };
  return numbered('SECCOMP', count, (number) => filter(alike ? 0 : number));
}
