import type { JsonValue } from '../../render/table.js';

/** Values of a TOML file by their path, such as `['crio', 'runtime', 'default_runtime']`. */
export interface Toml {
  get(...path: readonly string[]): JsonValue | undefined;
  /** The names of tables right below a path. */
  tables(...path: readonly string[]): readonly string[];
}

/**
 * Reads what container runtimes write into their configuration: tables, and keys with texts, numbers, booleans or
 * lists of texts on one line. Other TOML (dates, inline tables, multi-line texts) is skipped, not guessed at.
 */
export function parseToml(text: string): Toml {
  const values = new Map<string, JsonValue>();
  const tables = new Set<string>();
  let table: readonly string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const header = /^\[\[?([^\]]+)\]\]?\s*(?:#.*)?$/.exec(line);
    if (header?.[1] !== undefined) {
      table = splitKey(header[1]);
      tables.add(join(table));
      continue;
    }
    const pair = /^((?:"[^"]*"|'[^']*'|[A-Za-z0-9_.-])+)\s*=\s*(.+)$/.exec(line);
    if (pair?.[1] === undefined || pair[2] === undefined) continue;
    const value = parseValue(pair[2].trim());
    if (value !== undefined) values.set(join([...table, ...splitKey(pair[1])]), value);
  }
  return {
    get: (...path) => values.get(join(path)),
    tables: (...path) => {
      const prefix = `${join(path)}\0`;
      const names = [...tables]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length).split('\0')[0] ?? '');
      return [...new Set(names)];
    },
  };
}

function join(path: readonly string[]): string {
  return path.join('\0');
}

function splitKey(key: string): readonly string[] {
  const parts: string[] = [];
  for (const match of key.matchAll(/"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)/g)) {
    parts.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return parts;
}

function parseValue(text: string): JsonValue | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'/.exec(text);
  if (quoted !== null) return quoted[2] ?? (quoted[1] ?? '').replace(/\\(.)/g, '$1');
  if (/^true\b/.test(text)) return true;
  if (/^false\b/.test(text)) return false;
  const digits = /^[+-]?\d{1,15}(?=\s|$|#)/.exec(text);
  if (digits !== null) return Number(digits[0]);
  if (/^\[.*\]\s*(#.*)?$/.test(text)) {
    return [...text.matchAll(/"([^"]*)"|'([^']*)'/g)].map((match) => match[1] ?? match[2] ?? '');
  }
  return undefined;
}
