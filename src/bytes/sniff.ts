import { looksLikeArmor } from './age-armor.js';
import { looksLikeAge } from './age-header.js';

/** Enough of a file's start for `sniff`. */
export const SNIFF_LENGTH = 2048;

const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable zstd frames have any of 16 magics from this one on (RFC 8878, 3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** What a file is, by its first bytes: never by its name. */
export function sniff(start: Uint8Array): 'age' | 'gzip' | 'zstd' | 'other' {
  if (looksLikeAge(start) || looksLikeArmor(start)) return 'age';
  // RFC 1952: two magic bytes, then method 8, deflate
  if (start[0] === 0x1f && start[1] === 0x8b && start[2] === 8) return 'gzip';
  if (start.length < 4) return 'other';
  const magic = Buffer.from(start.buffer, start.byteOffset, 4).readUInt32LE();
  return magic === ZSTD_MAGIC || magic >>> 4 === SKIPPABLE_MAGIC >>> 4 ? 'zstd' : 'other';
}
