import { looksLikeArmor } from './age-armor.js';
import { looksLikeAge } from './age-header.js';
import type { ByteSource } from './source.js';

/** Enough of a file's start for `sniff`. */
export const SNIFF_LENGTH = 2048;

const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable zstd frames have any of 16 magics from this one on (RFC 8878, 3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** What bytes are coded with, as far as their beginning tells. */
export type Coding = 'age' | 'gzip' | 'zstd' | 'none';

/** What a file is, by its first bytes: never by its name. */
export function sniff(start: Uint8Array): Coding {
  if (looksLikeAge(start) || looksLikeArmor(start)) return 'age';
  // RFC 1952: two magic bytes, then method 8, deflate
  if (start[0] === 0x1f && start[1] === 0x8b && start[2] === 8) return 'gzip';
  if (start.length < 4) return 'none';
  const magic = Buffer.from(start.buffer, start.byteOffset, 4).readUInt32LE();
  return magic === ZSTD_MAGIC || magic >>> 4 === SKIPPABLE_MAGIC >>> 4 ? 'zstd' : 'none';
}

/** As `sniff`, of a source. */
export async function sniffSource(source: ByteSource): Promise<Coding> {
  return sniff(await source.read(0, Math.min(SNIFF_LENGTH, source.size)));
}
