import { decodeText } from '../../base/text.js';
import { formatSize } from '../../base/units.js';
import type { ByteSource } from '../../bytes/source.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { LoadContext } from '../core/state.js';
import { breathe, textMatcher } from '../core/walk.js';
import type { Run } from '../core/work.js';
import { leaf } from './items.js';
import { withoutMark } from './text.js';
import { eachRow, type TextBlock, TextIndex } from './text-index.js';

/** Blocks kept: 2 MiB, whatever is scrolled through. */
const KEPT = 32;
const LF = 0x0a;
const CR = 0x0d;
/** So much is read before anything is shown. */
const AT_ONCE = 1 << 20;
const UPDATE_MS = 150;

type Held =
  | { readonly state: 'loading' }
  | { readonly state: 'here'; readonly rows: readonly string[]; readonly goesOn: readonly boolean[] }
  | { readonly state: 'failed'; readonly problem: string };

/**
 * A text of any size as running text. Its rows are counted in the background, and read when they are looked at; of
 * the text only what is near is held.
 *
 * @param mark - what a row is, by its text
 */
export async function longText(
  source: ByteSource,
  context: LoadContext,
  mark: (line: string) => Item = (line) => leaf([line]),
  name = '',
): Promise<OutlineContent> {
  const index = new TextIndex(source);
  while (!index.done && index.known < AT_ONCE) await index.extend();
  const text = new LongText(source, index, context.changed, mark);
  let root: Item = { cells: [], count: 0 };
  let stopped = false;
  const content: OutlineContent = {
    kind: 'outline',
    columns: [{ header: '' }],
    empty: 'empty',
    prose: true,
    get root() {
      // of more rows there is a new root, by which those who show it know
      if (root.count !== index.rows) root = { cells: [], count: index.rows, child: (row) => text.item(row) };
      return root;
    },
    get note() {
      const what = `${name === '' ? '' : `${name}, `}${formatSize(source.size)}`;
      if (index.done) return `${what}: ${index.rows} rows`;
      const share = Math.floor((index.known * 100) / source.size);
      return `${what}: ${index.rows} rows in the first ${share}%${stopped ? ', stopped' : '; Esc stops counting'}`;
    },
    find: (pattern, from, by, run) => text.find(pattern, from, by, run),
  };
  if (index.done) return content;
  context.goOn(async (update) => {
    let last = performance.now();
    while (!index.done && !context.signal.aborted) {
      await index.extend();
      await breathe();
      if (performance.now() - last < UPDATE_MS) continue;
      update(content);
      last = performance.now();
    }
    stopped = !index.done;
    update(content);
  });
  return content;
}

class LongText {
  readonly #source: ByteSource;
  readonly #index: TextIndex;
  readonly #changed: () => void;
  readonly #mark: (line: string) => Item;
  /** By number and end, as the last block of what is known grows. Most recently used last. */
  readonly #held = new Map<string, Held>();

  constructor(source: ByteSource, index: TextIndex, changed: () => void, mark: (line: string) => Item) {
    this.#source = source;
    this.#index = index;
    this.#changed = changed;
    this.#mark = mark;
  }

  item(row: number): Item {
    const block = this.#index.blockOf(row);
    const held = block === undefined ? undefined : this.#peek(block);
    if (block === undefined || held === undefined || held.state === 'loading') {
      return leaf(['reading'], { tone: 'dim' });
    }
    if (held.state === 'failed') return leaf([`cannot be read: ${held.problem}`], { tone: 'bad', mark: '!' });
    const item = this.#mark(held.rows[row - block.first] ?? '');
    return held.goesOn[row - block.first] === true ? { ...item, mark: item.mark ?? '+' } : item;
  }

  /** The next row with the pattern after `from`, or the last one before it. */
  async find(pattern: string, from: number, by: 1 | -1, run: Run): Promise<number | undefined> {
    const matches = textMatcher(pattern);
    const begin = by > 0 ? from + 1 : Math.min(from, this.#index.rows) - 1;
    if (begin < 0) return undefined;
    let turn = performance.now();
    while (by > 0 && begin >= this.#index.rows && !this.#index.done) await this.#index.extend();
    let number = this.#index.blockOf(begin)?.number;
    for (; number !== undefined && number >= 0; number += by) {
      run.signal.throwIfAborted();
      while (!this.#index.done && this.#index.block(number + 1) === undefined) await this.#index.extend();
      const block = this.#index.block(number);
      if (block === undefined) return undefined;
      run.progress(by > 0 ? block.start : this.#source.size - block.start, this.#source.size);
      const { rows } = await this.#read(block);
      for (let at = by > 0 ? 0 : rows.length - 1; at >= 0 && at < rows.length; at += by) {
        const row = block.first + at;
        if ((by > 0 ? row >= begin : row <= begin) && matches(rows[at] ?? '')) return row;
      }
      if (performance.now() - turn < 8) continue;
      await breathe();
      turn = performance.now();
    }
    return undefined;
  }

  #peek(block: TextBlock): Held {
    const key = `${block.number}-${block.end}`;
    const known = this.#held.get(key);
    const held: Held = known ?? { state: 'loading' };
    this.#held.delete(key);
    this.#held.set(key, held);
    if (known === undefined) {
      this.#read(block).then(
        (rows) => this.#settle(key, { state: 'here', ...rows }),
        (error: unknown) => {
          const problem = error instanceof Error ? error.message : String(error);
          this.#settle(key, { state: 'failed', problem });
        },
      );
    }
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= KEPT) break;
      this.#held.delete(oldest);
    }
    return held;
  }

  #settle(key: string, held: Held): void {
    // what was given up in the meantime is read again when it is asked for again
    if (this.#held.has(key)) this.#held.set(key, held);
    this.#changed();
  }

  async #read(block: TextBlock): Promise<{ rows: string[]; goesOn: boolean[] }> {
    // with the byte before, which tells whether the first row begins a line
    const from = Math.max(0, block.start - 1);
    const all = await this.#source.read(from, block.end - from);
    const bytes = all.subarray(block.start - from);
    const starts: number[] = [];
    eachRow(bytes, true, (start) => starts.push(start));
    const rows: string[] = [];
    const goesOn: boolean[] = [];
    for (const [at, start] of starts.entries()) {
      let end = starts[at + 1] ?? bytes.length;
      if (bytes[end - 1] === LF) end -= bytes[end - 2] === CR && end - 2 >= start ? 2 : 1;
      const row = decodeText(bytes.subarray(start, end));
      rows.push(block.start + start === 0 ? withoutMark(row) : row);
      const previous = all[block.start - from + start - 1];
      goesOn.push(previous !== undefined && previous !== LF);
    }
    return { rows, goesOn };
  }
}
