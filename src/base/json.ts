import { FormatError } from './errors.js';
import { checkJson, type JsonLimits } from './json-check.js';

/** What JSON text stands for. 64-bit numbers go in as decimal strings or 0x-prefixed hex strings. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

const MIB = 1024 * 1024;

/** Far more than what engines, kubelets and coldcase write into files of this size. */
export const JSON_LIMITS: JsonLimits = { bytes: 16 * MIB, depth: 256, values: 200_000 };

/**
 * Parses JSON text, once it is known to be some, and how much it stands for: 9 MB of `[` take 700 MB before V8 finds
 * out that they are no JSON. Every JSON that this tool reads comes through here.
 *
 * @param where - what it was read from, for errors
 * @throws FormatError naming place and offset when it is none, or holds more than the limits say; it quotes nothing,
 *   as the text may be a secret
 */
export function parseJson(where: string, text: string, limits: JsonLimits = JSON_LIMITS): JsonValue {
  checkJson(where, text, limits);
  return parsed(text);
}

/** The same where what is none says something too: undefined then. */
export function tryJson(text: string, limits: JsonLimits = JSON_LIMITS): JsonValue | undefined {
  try {
    return parseJson('', text, limits);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function parsed(text: string): JsonValue {
  const value: JsonValue = JSON.parse(text);
  return value;
}

/**
 * What a parser of another notation gave (YAML, TOML), as plain JSON; fields are defined, never assigned, so that
 * `__proto__` is a name like any other. The limits count what aliases stand for each time, so circles meet them too.
 *
 * @throws FormatError when it holds more than the limits say, or what JSON has no form for
 */
export function plainJson(
  where: string,
  value: unknown,
  limits: Omit<JsonLimits, 'bytes'> = JSON_LIMITS,
): JsonValue {
  let values = 0;
  const plain = (part: unknown, depth: number): JsonValue => {
    values += 1;
    if (values > limits.values) throw new FormatError(where, undefined, `more than ${limits.values} values`);
    if (depth > limits.depth)
      throw new FormatError(where, undefined, `nested more than ${limits.depth} deep`);
    if (part === null || part === undefined) return null;
    if (typeof part === 'string' || typeof part === 'boolean' || typeof part === 'number') return part;
    if (typeof part === 'bigint') return part.toString();
    if (isList(part)) return part.map((item) => plain(item, depth + 1));
    if (isPlainObject(part)) {
      return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, plain(item, depth + 1)]));
    }
    throw new FormatError(where, undefined, 'holds what JSON has no form for');
  };
  return plain(value, 0);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
