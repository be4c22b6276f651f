import { FormatError } from '../base/errors.js';
import { type DecodeBudget, decodeMessage } from './message.js';
import type { MessageType } from './schema.js';
import type { Window } from './window.js';

/** One message: the largest, an address space of 400,000 mappings, takes 20 MiB. */
const MAX_MESSAGE = 24 * 1024 * 1024;

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
  if (length > MAX_MESSAGE) {
    throw new FormatError(
      window.source.name,
      window.position,
      `an entry of ${length} bytes, which no image has`,
    );
  }
  return decodeAt(window, type, await window.take(length, `a ${type.name}`), budget);
}

/** As {@link readMessage}, without waiting: undefined when the message is not, or not whole, in the window. */
export function readMessageAtHand<Value>(
  window: Window,
  type: MessageType<Value>,
  budget: DecodeBudget,
): Framed<Value> | undefined {
  const word = window.peek(4);
  if (word === undefined) return undefined;
  const length = uint32At(word, 0);
  const framed = window.peek(4 + length);
  if (framed === undefined) return undefined;
  window.position += 4 + length;
  return decodeAt(window, type, framed.subarray(4), budget);
}

/** Decodes the message that the window has just moved over. */
function decodeAt<Value>(
  window: Window,
  type: MessageType<Value>,
  bytes: Uint8Array,
  budget: DecodeBudget,
): Framed<Value> {
  const offset = window.position - bytes.length;
  return { value: decodeMessage(type, bytes, window.source.name, offset, budget), offset };
}

/** A little-endian 32-bit word. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  const byte = (i: number): number => bytes[offset + i] ?? 0;
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}
