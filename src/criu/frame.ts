import { FormatError } from '../base/errors.js';
import { type DecodeBudget, decodeMessage } from './message.js';
import type { MessageType } from './schema.js';
import type { Window } from './window.js';

/** One message; those that CRIU writes stay below 32 MiB by far (protobuf itself ends at 64 MiB). */
const MAX_MESSAGE = 32 * 1024 * 1024;

/** A message of an image, and its byte offset there. */
export interface Framed<Value> {
  readonly value: Value;
  readonly offset: number;
}

/**
 * Reads the message at the window's position: its size (4 bytes, little-endian), then itself.
 *
 * @returns undefined at the end of the image
 * @throws FormatError when the image ends within it or it makes no sense
 */
export async function readMessage<Value>(
  window: Window,
  type: MessageType<Value>,
  budget: DecodeBudget,
): Promise<Framed<Value> | undefined> {
  if (window.left === 0) return undefined;
  const length = uint32At(await window.take(4, 'the size of an entry'), 0);
  const offset = window.position;
  if (length > MAX_MESSAGE) {
    throw new FormatError(window.source.name, offset, `an entry of ${length} bytes, which no image has`);
  }
  const bytes = await window.take(length, `a ${type.name}`);
  return { value: decodeMessage(type, bytes, window.source.name, offset, budget), offset };
}

/** A little-endian 32-bit word. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
