import { parse } from 'smol-toml';
import type { JsonValue } from '../../base/json.js';

/** Values of a TOML file by their path, such as `['crio', 'runtime', 'default_runtime']`. */
export interface Toml {
  /** A text, number, truth or list of these; undefined for everything else, dates among it. */
  get(...path: readonly string[]): JsonValue | undefined;
  /** The names of tables right below a path. */
  tables(...path: readonly string[]): readonly string[];
}

/**
 * Reads the configuration of a container runtime.
 *
 * @returns undefined when it is no TOML: no runtime starts with such a file
 */
export function parseToml(text: string): Toml | undefined {
  let root: unknown;
  try {
    root = parse(text);
  } catch {
    return undefined;
  }
  const at = (path: readonly string[]): unknown => path.reduce(member, root);
  return {
    get: (...path) => simple(at(path)),
    tables: (...path) => {
      const table = at(path);
      if (!isTable(table)) return [];
      return Object.keys(table).filter((name) => isTable(table[name]));
    },
  };
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Own fields only: a file may hold a key that every object has. */
function member(value: unknown, name: string): unknown {
  return isTable(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function simple(value: unknown): JsonValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  const items = value.map(simple).filter((item) => item !== undefined);
  return items.length === value.length ? items : undefined;
}
