import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { AnyColumn, Column, Row, TreeNode } from '../render/table.js';

/** A column of a question, which says what its field holds: one clause without a full stop. */
export type FieldColumn<R extends Row> = Column<R> & { readonly about: string };
export type AnyFieldColumn = AnyColumn & { readonly about: string };

/** Where `browse` shows a view, and what it is called there. */
export interface ViewTab {
  readonly title: string;
  /** The pages that have it as a tab; `process` shows the rows of that process only. */
  readonly pages: readonly ('process' | 'network' | 'mounts')[];
  /** What stands where there are no rows. */
  readonly empty: string;
}

/**
 * What a question says of itself: the command's help, tables, tabs and json.md are made from it. `name`, `summary` and
 * a view's `tab` are written as they are, not computed: the registry is made of the files without running them.
 */
interface QuestionText {
  /** What the command is called, `ps` or `memory list`; the file is called so too, with a hyphen for the space. */
  readonly name: string;
  /** One line for help texts, without a full stop. */
  readonly summary: string;
  /** For the command's own help: what the fields do not say. */
  readonly about?: string;
  /** Command lines to copy, the most usual one first. */
  readonly examples: readonly [string, ...string[]];
}

/** A question with typed rows for an answer, whatever it is asked of. */
export interface Question<R extends Row> extends QuestionText {
  /** Every field of a row, in the order of tables. */
  readonly columns: readonly FieldColumn<R>[];
  /** The rows as a tree, where they have more shape than a list. */
  tree?(rows: readonly R[]): readonly TreeNode[];
}

export interface ViewOptions {
  /** Only what belongs to this process. */
  readonly pid?: number | undefined;
  /** Told what the rows cannot say: that something is not in the archive. Text is untrusted. */
  readonly note?: ((text: string) => void) | undefined;
}

/**
 * A question that a checkpoint answers by itself. Knows no terminal and no format. One whose name is a single word is
 * a command without further ado.
 */
export interface View<R extends Row> extends Question<R> {
  /** Its rows tell archives apart, so its command takes several of them, and `pid` refuses those without that process. */
  readonly archives?: 'several';
  readonly tab?: ViewTab;
  /**
   * @throws NotFoundError when `pid` is asked for and there is no such process
   */
  rows(checkpoint: Checkpoint, options: ViewOptions): Promise<readonly R[]>;
}

/** A question whatever its rows are: what lists of questions hold. Every `Question` is one. */
export interface AnyQuestion extends QuestionText {
  readonly columns: readonly AnyFieldColumn[];
  tree?(rows: readonly Row[]): readonly TreeNode[];
}

/** A view whatever its rows are. Every `View` is one. */
export interface AnyView extends AnyQuestion {
  readonly archives?: 'several';
  readonly tab?: ViewTab;
  rows(checkpoint: Checkpoint, options: ViewOptions): Promise<readonly Row[]>;
}

/** What the registry has of a question without loading it. */
export interface QuestionEntry<Q extends AnyQuestion> {
  readonly summary: string;
  readonly load: () => Promise<Q>;
}

export interface ViewEntry extends QuestionEntry<AnyView> {
  readonly tab?: ViewTab;
}

/** A 64-bit number for JSON: a number as long as that holds it exactly, else decimal digits. */
export function jsonNumber(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

/** Rows under a heading for each process, in the order in which the processes come. */
export function treeByProcess<R extends { readonly pid: number | null }>(
  rows: readonly R[],
  heading: (row: R) => string,
  label: (row: R) => string,
): readonly TreeNode[] {
  const groups = new Map<number | null, { label: string; children: TreeNode[] }>();
  for (const row of rows) {
    const group = groups.get(row.pid) ?? { label: heading(row), children: [] };
    groups.set(row.pid, group);
    group.children.push({ label: label(row), children: [] });
  }
  return [...groups.values()];
}

/** Words with single spaces between them, the empty ones left out. */
export function words(...parts: readonly (string | undefined | null | false)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
}
