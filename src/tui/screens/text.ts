import { formatSize } from '../../base/units.js';
import type { ByteSource } from '../../bytes/source.js';
import type { JsonValue } from '../../criu/json-text.js';
import type { LoadContext } from '../core/state.js';

/** Of a text no more than this is shown as text; hex shows all of it. */
export const TEXT_MOST = 16 << 20;
const CHUNK = 1 << 20;

/** The beginning of a source as text, and what was left out if it was. */
export async function readText(
  source: ByteSource,
  context: LoadContext,
): Promise<{ text: string; cut: string | undefined }> {
  const size = Math.min(source.size, TEXT_MOST);
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for (let at = 0; at < size; at += CHUNK) {
    context.signal.throwIfAborted();
    context.progress(at, size);
    text += decoder.decode(await source.read(at, Math.min(CHUNK, size - at)), { stream: true });
  }
  text += decoder.decode();
  const cut = size < source.size ? `the first ${formatSize(size)} of ${formatSize(source.size)}` : undefined;
  return { text, cut };
}

/** The same in lines, the empty one after the last line break left out. */
export async function readLines(
  source: ByteSource,
  context: LoadContext,
): Promise<{ lines: readonly string[]; cut: string | undefined }> {
  const { text, cut } = await readText(source, context);
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return { lines, cut };
}

/** undefined for text that only looks like JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
