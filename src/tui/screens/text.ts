import { JSON_LIMITS, type JsonValue, tryJson } from '../../base/json.js';
import { TextPieces } from '../../base/text.js';
import type { ByteSource } from '../../bytes/source.js';
import type { LoadContext } from '../core/state.js';

/** Of JSON no more than this is made a tree of: all of it is in memory then. */
export const TEXT_MOST = JSON_LIMITS.bytes;
/** Text up to this size is read at once; of more only what is looked at. */
export const WHOLE_MOST = 1 << 20;
const CHUNK = 1 << 20;
/** A tree is folded, so it may be deep: its rows are made one level at a time. */
const TREE_LIMITS = { ...JSON_LIMITS, depth: 1000 };

/** All of a source as text. */
export async function wholeText(source: ByteSource, context: LoadContext): Promise<string> {
  const { size } = source;
  const pieces = new TextPieces();
  let text = '';
  for (let at = 0; at < size; at += CHUNK) {
    context.signal.throwIfAborted();
    context.progress(at, size);
    text += pieces.push(await source.read(at, Math.min(CHUNK, size - at)));
  }
  return withoutMark(text + pieces.end());
}

/** Text without the byte order mark that it may begin with. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The same in lines, the empty one after the last line break left out. */
export async function readLines(source: ByteSource, context: LoadContext): Promise<readonly string[]> {
  const lines = (await wholeText(source, context)).split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** undefined for text that only looks like JSON, or stands for more than anything does that is read as JSON. */
export function treeJson(text: string): JsonValue | undefined {
  return tryJson(text, TREE_LIMITS);
}
