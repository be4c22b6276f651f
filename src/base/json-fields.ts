import { FormatError } from './errors.js';
import { type JsonObject, type JsonValue, parseJson } from './json.js';
import type { JsonLimits } from './json-check.js';

// What others answer is asked by functions: whatever is not there, or of another type than is asked for, is not there.
// What follows a format, and is damaged where it does not, is asked by JsonFields below.

const NOTHING: JsonObject = Object.freeze({});

/** Whether a value is a JSON object: neither a list nor null. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The field of an object below a path; undefined for what is no object, or has no such field of its own. */
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

/** A whole number that has not lost digits. */
export function integer(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = field(value, ...path);
  return Number.isSafeInteger(found) ? number(found) : undefined;
}

export function flag(value: JsonValue | undefined, ...path: readonly string[]): boolean | undefined {
  const found = field(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

/** A list; an empty one when it is none. */
export function list(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonValue[] {
  const found = field(value, ...path);
  return isList(found) ? found : [];
}

/** An object; an empty one when it is none. */
export function object(value: JsonValue | undefined, ...path: readonly string[]): JsonObject {
  const found = field(value, ...path);
  return isObject(found) ? found : NOTHING;
}

/** The fields of an object with their names; none when it is none. */
export function entries(
  value: JsonValue | undefined,
  ...path: readonly string[]
): readonly (readonly [string, JsonValue])[] {
  return Object.entries(object(value, ...path));
}

/** An object whose values are all strings, such as labels; others are left out. */
export function texts(
  value: JsonValue | undefined,
  ...path: readonly string[]
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries(value, ...path).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])),
  );
}

/**
 * An object of a file, read field by field. A field that is not there (or null) is undefined, unless it is needed; one
 * of another type than asked for is a FormatError naming file and field, and quoting nothing.
 */
export class JsonFields {
  readonly #where: string;
  readonly #path: string;
  readonly #fields: JsonObject;

  private constructor(where: string, path: string, fields: JsonObject) {
    this.#where = where;
    this.#path = path;
    this.#fields = fields;
  }

  /**
   * Parses a file whose value is an object.
   *
   * @throws FormatError as `parseJson`, and when it is something else
   */
  static parse(where: string, source: string, limits?: JsonLimits): JsonFields {
    return JsonFields.#from(where, '', parseJson(where, source, limits));
  }

  /** A value that is no object, as the only field of one. */
  static wrap(where: string, key: string, value: JsonValue): JsonFields {
    return new JsonFields(where, '', { [key]: value });
  }

  static #from(where: string, path: string, value: JsonValue): JsonFields {
    if (isObject(value)) return new JsonFields(where, path, value);
    throw new FormatError(where, undefined, `${path === '' ? 'the file' : path} is not a JSON object`);
  }

  /** The object itself. */
  get value(): JsonObject {
    return this.#fields;
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  text(key: string): string | undefined {
    return this.#typed(key, 'a string', (value) => text(value));
  }

  number(key: string): number | undefined {
    return this.#typed(key, 'a number', (value) => number(value));
  }

  /** A count or a size: whole, not negative, all digits there. */
  count(key: string): number | undefined {
    return this.#typed(key, 'a count', (value) => {
      const found = integer(value);
      return found !== undefined && found >= 0 ? found : undefined;
    });
  }

  bool(key: string): boolean | undefined {
    return this.#typed(key, 'a boolean', (value) => flag(value));
  }

  /** A list of strings; empty when there is none. */
  texts(key: string): readonly string[] {
    return this.#list(key, (value, path) => {
      if (typeof value === 'string') return value;
      throw new FormatError(this.#where, undefined, `${path} is not a string`);
    });
  }

  object(key: string): JsonFields | undefined {
    const value = this.#get(key);
    return value === null ? undefined : JsonFields.#from(this.#where, this.#name(key), value);
  }

  /** A list of objects; empty when there is none. */
  objects(key: string): readonly JsonFields[] {
    return this.#list(key, (value, path) => JsonFields.#from(this.#where, path, value));
  }

  /** An object whose values are strings, such as annotations and labels. */
  textMap(key: string): ReadonlyMap<string, string> {
    const found = this.object(key);
    return new Map(found?.keys().map((name) => [name, found.text(name) ?? '']) ?? []);
  }

  /** What must be there: `fields.need('sha256', fields.text('sha256'))`. */
  need<T>(key: string, found: T | undefined): T {
    if (found !== undefined) return found;
    throw this.wrong(key, 'is missing');
  }

  /** An error about a field, in the words of this class. */
  wrong(key: string, problem: string): FormatError {
    return new FormatError(this.#where, undefined, `${this.#name(key)} ${problem}`);
  }

  /** Own fields only: a file may lack one that every object has. */
  #get(key: string): JsonValue {
    return field(this.#fields, key) ?? null;
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #list<T>(key: string, item: (value: JsonValue, path: string) => T): readonly T[] {
    const value = this.#get(key);
    if (value === null) return [];
    if (!isList(value)) throw this.wrong(key, 'is not a list');
    return value.map((one, index) => item(one, `${this.#name(key)}[${index}]`));
  }

  #typed<T>(key: string, type: string, narrow: (value: JsonValue) => T | undefined): T | undefined {
    const value = this.#get(key);
    if (value === null) return undefined;
    const narrowed = narrow(value);
    if (narrowed === undefined) throw this.wrong(key, `is not ${type}`);
    return narrowed;
  }
}
