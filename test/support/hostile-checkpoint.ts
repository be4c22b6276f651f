import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { COMMON_MAGIC, IMAGE_KINDS, type ImageKind, kindOfMagic } from '../../src/criu/kinds.js';
import type { MessageType } from '../../src/criu/schema.js';
import type { ArchiveFiles } from './memory-archive.js';

/** What a container may have put into names: sequences a terminal acts on, line breaks, direction overrides, bytes. */
const BAITS: readonly Buffer[] = [
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u009b31m',
  '\n',
  '\r\n',
  '\t',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u2028',
  '\u{e0041}',
  '\u007f',
  '\b\b\b',
  '=1+1',
  '+1',
  '-1',
  '@SUM',
  '"',
  ',',
  ';',
  '\\x1b',
  '漢字',
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0x9b])]);

export const baitsArbitrary: fc.Arbitrary<readonly Buffer[]> = fc.array(fc.constantFrom(...BAITS), {
  minLength: 3,
  maxLength: 12,
});

/**
 * The files of a checkpoint with every text in them replaced by baits of the same length: strings of messages in
 * CRIU's images, arguments and environments in the pages, strings and names in the engine's JSON. `keep` are texts
 * that stay, so that what reads them goes the way that it would have gone.
 */
export function hostileFiles(
  files: ArchiveFiles,
  baits: readonly Buffer[],
  keep: ReadonlySet<string> = new Set(),
): Map<string, Uint8Array> {
  const next = feed(baits);
  const hostile = new Map<string, Uint8Array>();
  for (const [name, bytes] of files) {
    if (
      /^[a-z.]+\.(dump|status)$|^status$|^bind\.mounts$|^deleted\.files$/.test(name) &&
      name !== 'dump.log'
    ) {
      hostile.set(name, hostileJson(bytes, next, keep));
    } else if (/pages-\d+\.img$/.test(name)) hostile.set(name, hostilePages(bytes, next));
    else if (/nftables|iptables/.test(name)) hostile.set(name, next(bytes.length));
    else if (
      /\/(core|mm|files|memfd|mountpoints|netdev|cgroup|utsns|remap-fpath|tty-info|inventory|netns)/.test(
        name,
      )
    ) {
      hostile.set(name, hostileStrings(bytes, next));
    } else hostile.set(name, bytes);
  }
  return hostile;
}

type Feed = (length: number) => Buffer;

/** Exactly as many bytes of bait as asked for, each time beginning with the next one. */
function feed(baits: readonly Buffer[]): Feed {
  let at = 0;
  return (length) => {
    const parts: Buffer[] = [];
    for (let size = 0; size < length; at += 1) {
      const bait = baits[at % baits.length] ?? Buffer.from('?');
      parts.push(bait);
      size += bait.length;
    }
    return Buffer.concat(parts).subarray(0, length);
  };
}

const printable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

/** Kinds whose images hold nothing but messages, and text in them. */
const WITH_TEXT: readonly ImageKind[] = [
  'CORE',
  'FILES',
  'FDINFO',
  'MEMFD_INODE',
  'MNTS',
  'NETDEV',
  'NETNS',
  'CGROUP',
  'UTSNS',
  'TTY_INFO',
  'INVENTORY',
];

/** Every string of every message, found by the schema, and the names of unix sockets, which are bytes. */
function hostileStrings(bytes: Uint8Array, next: Feed): Uint8Array {
  const out = Buffer.from(bytes);
  const framed = out.length >= 8 && out.readUInt32LE(0) === COMMON_MAGIC;
  const kind = out.length >= 8 ? kindOfMagic(out.readUInt32LE(framed ? 4 : 0)) : undefined;
  if (kind === undefined || !WITH_TEXT.includes(kind)) return bytes;
  for (let at = framed ? 8 : 4; at + 4 <= out.length; ) {
    const length = out.readUInt32LE(at);
    replaceStrings(IMAGE_KINDS[kind].entry, out.subarray(at + 4, at + 4 + length), next);
    at += 4 + length;
  }
  return out;
}

function replaceStrings(type: MessageType, bytes: Buffer, next: Feed): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire !== WireType.LengthDelimited) {
      reader.skip(wire);
      continue;
    }
    const length = reader.uint32();
    const start = reader.pos;
    reader.pos += length;
    const field = type.byNumber.get(number);
    const inner = typeof field?.type === 'function' ? field.type() : field?.type;
    const range = bytes.subarray(start, start + length);
    if (typeof inner === 'object' && inner.kind === 'message') replaceStrings(inner, range, next);
    else if (inner === 'string' || (inner === 'bytes' && field?.name === 'name')) next(length).copy(range);
  }
}

/** Arguments and environments lie at the end of the stack, in the last pages: NAME=value and words between NULs. */
function hostilePages(bytes: Uint8Array, next: Feed): Uint8Array {
  const out = Buffer.from(bytes);
  for (let start = Math.max(0, out.length - 8192), at = start; at < out.length; at += 1) {
    if (out[at] !== 0) continue;
    if (at - start >= 4 && out.subarray(start, at).every(printable)) next(at - start).copy(out, start);
    start = at + 1;
  }
  return out;
}

function hostileJson(bytes: Uint8Array, next: Feed, keep: ReadonlySet<string>): Uint8Array {
  const change = (value: unknown): unknown => {
    if (typeof value === 'string')
      return keep.has(value) ? value : next(Math.max(4, Math.min(value.length, 40))).toString('utf8');
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const isLabel = /[./]/.test(key) && !keep.has(key);
        return [isLabel ? `${next(12).toString('utf8')}${key}` : key, change(item)];
      }),
    );
  };
  const text = Buffer.from(bytes).toString('utf8');
  return text.trim() === '' ? bytes : Buffer.from(JSON.stringify(change(JSON.parse(text))));
}
