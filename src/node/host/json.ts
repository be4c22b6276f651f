import type { JsonValue } from '../../render/table.js';

export type JsonObject = { readonly [key: string]: JsonValue };

/** True for a JSON object: neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field of an object, or undefined for whatever is no object or has no such field of its own. */
export function field(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let at = value;
  for (const key of path) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

export function text(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = field(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function number(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = field(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function flag(value: JsonValue | undefined, ...path: readonly string[]): boolean | undefined {
  const found = field(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

export function list(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonValue[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function entries(
  value: JsonValue | undefined,
  ...path: readonly string[]
): readonly (readonly [string, JsonValue])[] {
  const found = field(value, ...path);
  return isObject(found) ? Object.entries(found) : [];
}
