import type { JsonObject, JsonValue } from '../../base/json.js';
import { isObject } from '../../base/json-fields.js';

/** A configuration in which every value knows the file or flag that it came from. */
export type Sourced =
  | { readonly kind: 'value'; readonly value: JsonValue; readonly source: string }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Sourced>; readonly source: string };

export type SourcedMap = Extract<Sourced, { kind: 'map' }>;

export function emptyMap(source: string): SourcedMap {
  return { kind: 'map', entries: new Map(), source };
}

/**
 * Lays `patch` over `base` as the kubelet lays a drop-in file over its configuration: a JSON merge patch (RFC 7396,
 * `mergeKubeletConfigurations` in the kubelet's server.go, since 1.28). Structures and maps merge key by key,
 * anything else (a list, also inside a map) replaces whole, and null removes.
 */
export function mergePatch(base: Sourced | undefined, patch: JsonValue, source: string): Sourced {
  if (!isObject(patch)) return { kind: 'value', value: patch, source };
  const entries = new Map(base?.kind === 'map' ? base.entries : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) entries.delete(key);
    else entries.set(key, mergePatch(entries.get(key), value, source));
  }
  return { kind: 'map', entries, source: base?.kind === 'map' ? base.source : source };
}

/** `mergePatch` for a whole document, which is a map. */
export function mergeDocument(base: SourcedMap, patch: JsonObject, source: string): SourcedMap {
  const merged = mergePatch(base, patch, source);
  return merged.kind === 'map' ? merged : base;
}

/** Puts a value at a path, whatever was there; maps on the way are made. */
export function setAt(base: SourcedMap, path: readonly string[], leaf: Sourced): SourcedMap {
  const [key, ...rest] = path;
  if (key === undefined) return base;
  const entries = new Map(base.entries);
  const child = entries.get(key);
  entries.set(
    key,
    rest.length === 0 ? leaf : setAt(child?.kind === 'map' ? child : emptyMap(leaf.source), rest, leaf),
  );
  return { ...base, entries };
}

/** The values alone. */
export function valuesOf(tree: Sourced): JsonValue {
  if (tree.kind === 'value') return tree.value;
  return Object.fromEntries([...tree.entries].map(([key, child]) => [key, valuesOf(child)] as const));
}

/**
 * Where each value came from, by JSON pointer (RFC 6901): `/authorization/webhook/cacheAuthorizedTTL`. A list has
 * one source, for it is replaced whole; so has an empty map.
 */
export function sourcesOf(tree: Sourced): Readonly<Record<string, string>> {
  return Object.fromEntries(leaves(tree).map(({ path, source }) => [pointer(path), source] as const));
}

export interface Leaf {
  readonly path: readonly string[];
  readonly value: JsonValue;
  readonly source: string;
}

/** Every value with its path, in the order of the documents. */
export function leaves(tree: Sourced, path: readonly string[] = []): readonly Leaf[] {
  if (tree.kind === 'value') return [{ path, value: tree.value, source: tree.source }];
  if (tree.entries.size === 0) return path.length === 0 ? [] : [{ path, value: {}, source: tree.source }];
  return [...tree.entries].flatMap(([key, child]) => leaves(child, [...path, key]));
}

/** A JSON pointer. */
export function pointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A path for people: `evictionHard["memory.available"]`, `authorization.mode`. */
export function dotted(path: readonly string[]): string {
  return path
    .map((part, at) =>
      /^[A-Za-z0-9_-]+$/.test(part) ? (at === 0 ? part : `.${part}`) : `[${JSON.stringify(part)}]`,
    )
    .join('');
}
