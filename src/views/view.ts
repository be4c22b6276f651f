import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { AnyColumn, Column, Row, TreeNode } from '../render/table.js';

export interface ViewOptions {
  /** Only what belongs to this process. */
  readonly pid?: number | undefined;
  /** Told what the rows cannot say: that something is not in the archive. Text is untrusted. */
  readonly note?: ((text: string) => void) | undefined;
}

/** One forensic question: from a checkpoint to typed rows. Knows no terminal, no format, no other view. */
export interface View<R extends Row> {
  /** What the command and the tab are called. */
  readonly name: string;
  /** One line for help texts, without a full stop. */
  readonly summary: string;
  readonly columns: readonly Column<R>[];
  /**
   * @throws NotFoundError when `pid` is asked for and there is no such process
   */
  rows(checkpoint: Checkpoint, options: ViewOptions): Promise<readonly R[]>;
  /** The rows as a tree, where they have more shape than a list. */
  tree?(rows: readonly R[]): readonly TreeNode[];
}

/** A view whatever its rows are: what lists of views hold. Every `View` is one. */
export interface AnyView {
  readonly name: string;
  readonly summary: string;
  readonly columns: readonly AnyColumn[];
  rows(checkpoint: Checkpoint, options: ViewOptions): Promise<readonly Row[]>;
  tree?(rows: readonly Row[]): readonly TreeNode[];
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
