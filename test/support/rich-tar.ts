import { compress } from 'zstd-napi';
import { encodeSealedIndex } from '../../src/archive/sealed-index.js';
import { indexTar } from '../../src/archive/tar-index.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { block, rawHeader } from './raw-tar.js';
import { seekTable } from './virtual-sealed.js';

/** A small tar with everything in it that a tar can have: every header format, long names, links, sparse maps. */
export function richTar(): Buffer {
  const pax = (flag: string, ...records: string[]): Buffer[] => {
    const text = records
      .map((record) => {
        const bare = record.length + 2;
        const length = bare + String(bare + String(bare).length).length;
        return `${length} ${record}\n`;
      })
      .join('');
    return [rawHeader({ name: 'x', size: text.length, flag }), block(text)];
  };
  const number = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
  return Buffer.concat([
    rawHeader({ name: 'checkpoint/', size: 0, flag: '5' }),
    rawHeader({ name: 'checkpoint/core-1.img', size: 700 }),
    block('c'.repeat(700)),
    ...pax('g', 'uname=root', 'gname=root'),
    ...pax('x', `path=${'long/'.repeat(40)}name`, 'mtime=1700000000.25', 'size=5'),
    rawHeader({ name: 'cut', size: 0 }),
    block('12345'),
    rawHeader({ name: '././@LongLink', size: 121, flag: 'L', magic: 'ustar  \0' }),
    block(`${'n'.repeat(120)}\0`),
    rawHeader({ name: 'cut', size: 0, flag: '2', link: '../target' }),
    rawHeader({ name: 'hard', size: 0, flag: '1', link: 'checkpoint/core-1.img' }),
    rawHeader({ name: 'old-sparse', size: 1024, flag: 'S', magic: 'ustar  \0' }, (header) => {
      const map = [0, 512, 4096, 512, 8192, 0].map(number).join('');
      header.write(map, 386, 'latin1');
      header.write(number(8192), 483, 'latin1');
    }),
    Buffer.alloc(1024, 's'),
    ...pax('x', 'GNU.sparse.map=0,3,5000,2', 'GNU.sparse.size=6000', 'GNU.sparse.name=pax-sparse'),
    rawHeader({ name: 'GNUSparseFile/x', size: 5 }),
    block('abcde'),
    ...pax(
      'x',
      'GNU.sparse.major=1',
      'GNU.sparse.minor=0',
      'GNU.sparse.realsize=9000',
      'GNU.sparse.name=new',
    ),
    rawHeader({ name: 'GNUSparseFile/y', size: 512 + 6 }),
    block('2\n0\n4\n8998\n2\n'),
    block('abcdef'),
    rawHeader({ name: 'null', size: 0, flag: '3' }),
    rawHeader({ name: 'vendor', size: 3, flag: 'Z' }),
    block('abc'),
    Buffer.alloc(1024),
  ]);
}

/** Offsets of all headers, those of long names and pax records included. */
export async function headerOffsets(tar: Buffer): Promise<number[]> {
  const { entries } = await indexTar(new MemorySource(tar, 'tar'));
  const offsets: number[] = [];
  for (const entry of entries) {
    for (let at = entry.offset; at < entry.dataOffset; at += 512) offsets.push(at);
  }
  return offsets;
}

/** A tar as seekable zstd in frames of 4 KiB, with the index of a sealed file. */
export async function seekable(tar: Buffer): Promise<Buffer> {
  const frames: { bytes: Uint8Array; size: number }[] = [];
  for (let at = 0; at < tar.length; at += 4096) {
    const part = tar.subarray(at, at + 4096);
    frames.push({ bytes: compress(part, { checksumFlag: true }), size: part.length });
  }
  const { entries, marked } = await indexTar(new MemorySource(tar, 'tar'));
  const record = { tar: { size: tar.length, sha256: 'ab'.repeat(32) }, entries, marked, capture: null };
  frames.push({ bytes: encodeSealedIndex(record), size: 0 });
  return Buffer.concat([...frames.map(({ bytes }) => bytes), seekTable(frames)]);
}
