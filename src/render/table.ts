/** A value that JSON can hold without loss. 64-bit numbers go in as decimal strings or 0x-prefixed hex strings. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A row as it is printed by --json: plain data whose keys are stable and documented. */
export type Row = { readonly [key: string]: JsonValue };

/** How one field of a row looks to people. Renderers know columns, never the view that they come from. */
export interface Column<R> {
  /** The field's name in JSON; also what --filter and --columns call it. */
  readonly key: Extract<keyof R, string>;
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** Text of the cell; untrusted bytes may be in it, the renderer escapes them. Default: the field as text. */
  readonly text?: (row: R) => string;
  /** The column that gives way first when a terminal is narrow has the highest number. Default 0: never. */
  readonly squeeze?: number;
  /** Left out of tables unless asked for (`--wide`); JSON and CSV always have it. */
  readonly wide?: boolean;
}

/** Typed rows, and how to show them. */
export interface Table<R extends Row> {
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
}

/** A labelled tree. */
export interface TreeNode {
  readonly label: string;
  readonly children: readonly TreeNode[];
}
