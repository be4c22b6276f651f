import type { JsonValue } from '../../base/json.js';
import type { Word } from '../host/unit-command.js';
import { type FlagType, fieldOfFlag, isSwitch } from './flag-table.js';
import { emptyMap, type Sourced, type SourcedMap, setAt } from './merge.js';

/** One flag as given: its name without dashes, its text, where it stands. */
export interface Flag {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

/**
 * Splits a kubelet's arguments as pflag does: `--name=value`, `--name value`, a bare `--name` for booleans, `-v2`;
 * `_` in a name is `-`; `--` ends them. The program's own name is not among the words.
 */
export function parseFlags(words: readonly Word[]): readonly Flag[] {
  const flags: Flag[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined || word.text === '--') break;
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word.text) ?? /^-([a-zA-Z])(?:=?(.+))?$/s.exec(word.text);
    if (long?.[1] === undefined) continue;
    const name = long[1].replaceAll('_', '-');
    let value = long[2];
    const next = words[at + 1];
    if (value === undefined) {
      if (isSwitch(name) || next === undefined || next.text.startsWith('--')) value = 'true';
      else {
        value = next.text;
        at += 1;
      }
    }
    flags.push({ name, value, source: word.source });
  }
  return flags;
}

/** The text of the last flag of that name. */
export function lastFlag(flags: readonly Flag[], name: string): Flag | undefined {
  return flags.findLast((flag) => flag.name === name);
}

/**
 * Lays the flags over the configuration: what stands on the command line wins over every file. Lists and maps are
 * replaced whole by their flags, repeated flags add up, and only `--feature-gates` merges gate by gate, all as in
 * the kubelet's `kubeletConfigFlagPrecedence`.
 */
export function applyFlags(base: SourcedMap, flags: readonly Flag[]): SourcedMap {
  let tree = base;
  const begun = new Set<string>();
  for (const flag of flags) {
    const field = fieldOfFlag(flag.name);
    if (field === undefined) continue;
    const source = `${flag.source} (--${flag.name})`;
    const keep = begun.has(flag.name) || flag.name === 'feature-gates';
    begun.add(flag.name);
    const before = keep ? valueAt(tree, field.path) : undefined;
    tree = setAt(tree, field.path, valueOfFlag(field.type, flag.value, source, before));
  }
  return tree;
}

function valueAt(tree: SourcedMap, path: readonly string[]): Sourced | undefined {
  let at: Sourced | undefined = tree;
  for (const key of path) at = at?.kind === 'map' ? at.entries.get(key) : undefined;
  return at;
}

function valueOfFlag(type: FlagType, raw: string, source: string, before: Sourced | undefined): Sourced {
  const leaf = (value: JsonValue): Sourced => ({ kind: 'value', value, source });
  switch (type) {
    case 'bool':
      return leaf(/^(1|t|true)$/i.test(raw));
    case 'int':
      return leaf(/^-?\d{1,15}$/.test(raw) ? Number(raw) : raw);
    case 'string':
      return leaf(raw);
    case 'list': {
      const earlier = before?.kind === 'value' && Array.isArray(before.value) ? before.value : [];
      return leaf([...earlier, ...splitList(raw)]);
    }
    case 'map':
      return pairs(raw, '=', source, before, (value) => value);
    case 'boolmap':
      return pairs(raw, '=', source, before, (value) => /^(1|t|true)$/i.test(value));
    case 'threshold':
      return pairs(raw, '<', source, before, (value) => value);
    case 'headers':
      return headers(raw, source, before);
  }
}

function splitList(raw: string): readonly string[] {
  return raw.split(',').filter((item) => item !== '');
}

function pairs(
  raw: string,
  separator: string,
  source: string,
  before: Sourced | undefined,
  convert: (value: string) => JsonValue,
): Sourced {
  const base = before?.kind === 'map' ? before : emptyMap(source);
  const entries = new Map(base.entries);
  for (const item of splitList(raw)) {
    const at = item.indexOf(separator);
    const key = (at < 0 ? item : item.slice(0, at)).trim();
    const value = at < 0 ? '' : item.slice(at + separator.length).trim();
    entries.set(key, { kind: 'value', value: convert(value), source });
  }
  return { ...base, entries };
}

function headers(raw: string, source: string, before: Sourced | undefined): Sourced {
  const base = before?.kind === 'map' ? before : emptyMap(source);
  const entries = new Map(base.entries);
  for (const item of splitList(raw)) {
    const at = item.indexOf(':');
    const key = at < 0 ? item : item.slice(0, at);
    const earlier = entries.get(key);
    const values = earlier?.kind === 'value' && Array.isArray(earlier.value) ? earlier.value : [];
    entries.set(key, { kind: 'value', value: [...values, at < 0 ? '' : item.slice(at + 1)], source });
  }
  return { ...base, entries };
}
