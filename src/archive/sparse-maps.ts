import { FormatError } from '../base/errors.js';
import { numberField, TAR_BLOCK } from './tar-fields.js';

/** A walk's wish for bytes. */
export interface ReadStep {
  readonly kind: 'read';
  readonly offset: number;
  readonly length: number;
}

/** Numbers in one sparse map: half as many runs. */
const MAP_NUMBERS = 1_000_000;

/**
 * The map of GNU tar's old sparse format: four runs in the header (offset 386), further ones, 21 each, in the
 * blocks after it as long as their flag says so; real size at 483.
 */
export function* gnuSparseMap(
  header: Uint8Array,
  where: string,
  offset: number,
): Generator<ReadStep, { map: number[]; size: number; dataOffset: number }, Uint8Array> {
  const map: number[] = [];
  const take = (block: Uint8Array, at: number, count: number, place: number): void => {
    for (let run = 0; run < count; run += 1) {
      // An empty field ends the list.
      if (block[at + run * 24] === 0) return;
      for (const field of [at + run * 24, at + run * 24 + 12]) {
        map.push(numberField(block, field, 12, { where, offset: place, field: 'sparse map' }));
      }
    }
  };
  take(header, 386, 4, offset);
  const size = numberField(header, 483, 12, { where, offset, field: 'real size' });
  let dataOffset = offset + TAR_BLOCK;
  let more = header[482] === 1;
  while (more) {
    const block = yield { kind: 'read', offset: dataOffset, length: TAR_BLOCK };
    if (block.length < TAR_BLOCK)
      throw new FormatError(where, dataOffset, 'the tar is cut short in a sparse map');
    take(block, 0, 21, dataOffset);
    if (map.length > MAP_NUMBERS)
      throw new FormatError(where, dataOffset, 'this sparse map is not believable');
    more = block[504] === 1;
    dataOffset += TAR_BLOCK;
  }
  return { map, size, dataOffset };
}

/**
 * The map of the pax sparse format 1.0: decimal numbers, each ended by a newline (how many runs, then offset and
 * length of each), padded with NULs to whole blocks, ahead of the data.
 */
export function* readSparseMap(
  where: string,
  start: number,
  stored: number,
): Generator<ReadStep, { map: number[]; dataOffset: number }, Uint8Array> {
  const numbers: number[] = [];
  let wanted = 1;
  let offset = start;
  let digits = '';
  while (numbers.length < wanted) {
    if (offset + TAR_BLOCK > start + stored)
      throw new FormatError(where, offset, 'this sparse map has no end');
    const block = yield { kind: 'read', offset, length: TAR_BLOCK };
    if (block.length < TAR_BLOCK)
      throw new FormatError(where, offset, 'the tar is cut short in a sparse map');
    for (const byte of block) {
      if (byte >= 0x30 && byte <= 0x39 && digits.length < 15) {
        digits += String.fromCharCode(byte);
        continue;
      }
      if (byte !== 0x0a || digits === '')
        throw new FormatError(where, offset, 'this sparse map holds no number');
      const number = Number(digits);
      digits = '';
      numbers.push(number);
      if (numbers.length === 1) wanted = 1 + 2 * number;
      if (wanted > MAP_NUMBERS) throw new FormatError(where, offset, 'this sparse map is not believable');
      if (numbers.length === wanted) break;
    }
    offset += TAR_BLOCK;
  }
  return { map: numbers.slice(1), dataOffset: offset };
}
