import fc from 'fast-check';
import { readEntry } from '../../src/archive/archive.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { ColdcaseError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';

/** One change to bytes, as an attacker or a bad disk makes it. */
type Mutation =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'drop' | 'double' | 'zero'; readonly at: number; readonly blocks: number }
  | { readonly kind: 'number'; readonly at: number; readonly text: string };

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const blocks = fc.integer({ min: 1, max: 4 });
const NUMBERS = [
  '77777777777',
  '00000000000',
  '-0000000001',
  '99999999999',
  '\u0080\u0000\u0000\u0000\u007f',
];

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('set' as const), at: position, value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('cut' as const), at: position }),
    fc.record({ kind: fc.constantFrom('drop', 'double', 'zero'), at: position, blocks }),
    fc.record({ kind: fc.constant('number' as const), at: position, text: fc.constantFrom(...NUMBERS) }),
  ),
  { minLength: 1, maxLength: 6 },
);

/** Applies changes. Those to headers get a right checksum again, as only a random change would not. */
export function mutate(tar: Buffer, headers: readonly number[], changes: readonly Mutation[]): Buffer {
  let bytes = Buffer.from(tar);
  for (const change of changes) {
    const header = headers[Math.floor(change.at * headers.length)] ?? 0;
    const at = Math.floor(change.at * bytes.length);
    if (change.kind === 'cut') bytes = bytes.subarray(0, at);
    else if (change.kind === 'set') {
      const field = header + (Math.floor(change.at * 1e6) % 512);
      if (field < bytes.length) bytes[field] = change.value;
      repair(bytes, header);
    } else if (change.kind === 'number') {
      // size, mtime, GNU's sparse map and real size
      const field = [124, 136, 386, 483][Math.floor(change.at * 1e6) % 4] ?? 124;
      if (header + 512 <= bytes.length) bytes.write(change.text, header + field, 'latin1');
      repair(bytes, header);
    } else {
      const end = header + change.blocks * 512;
      if (change.kind === 'zero') bytes.fill(0, Math.min(header, bytes.length), Math.min(end, bytes.length));
      else if (change.kind === 'drop')
        bytes = Buffer.concat([bytes.subarray(0, header), bytes.subarray(end)]);
      else bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(header)]);
    }
  }
  return bytes;
}

function repair(bytes: Buffer, header: number): void {
  if (header + 512 > bytes.length) return;
  bytes.write('        ', header + 148, 'latin1');
  const sum = bytes.subarray(header, header + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, header + 148, 'latin1');
}

/**
 * Opens bytes as an archive and reads all of it that is small.
 *
 * @returns the error, if it was one of ours
 * @throws any other error: those are defects
 */
export async function readAll(bytes: Uint8Array): Promise<ColdcaseError | undefined> {
  try {
    const archive = await openArchiveSource(new MemorySource(bytes, 'hostile.tar'), 'hostile.tar');
    for (const entry of await archive.entries()) {
      if (entry.size <= 4096) await readEntry(archive, entry, 4096);
      else await archive.open(entry).read(entry.size - 100, 100);
    }
    await archive.close();
    return undefined;
  } catch (error) {
    if (error instanceof ColdcaseError) return error;
    throw error;
  }
}
