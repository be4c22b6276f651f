import { FormatError } from '../base/errors.js';
import { parseJson } from '../base/json.js';

/** The engines' JSON files are a few KiB; none may be larger than this, in bytes. */
export const JSON_LIMIT = 16 * 1024 * 1024;

/**
 * An object of a JSON file that an engine wrote, read field by field. A field that is not there (or null) is
 * undefined; one of another type than asked for is a FormatError naming file and field.
 */
export class JsonFields {
  readonly #where: string;
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  private constructor(where: string, path: string, fields: ReadonlyMap<string, unknown>) {
    this.#where = where;
    this.#path = path;
    this.#fields = fields;
  }

  /** Parses a file whose value is an object. */
  static parse(where: string, text: string): JsonFields {
    return JsonFields.#from(where, '', parseJson(where, text));
  }

  /** A value that is no object, as the only field of one. */
  static wrap(where: string, key: string, value: unknown): JsonFields {
    return new JsonFields(where, '', new Map([[key, value]]));
  }

  static #from(where: string, path: string, value: unknown): JsonFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FormatError(where, undefined, `${path === '' ? 'the file' : path} is not a JSON object`);
    }
    return new JsonFields(where, path, new Map(Object.entries(value)));
  }

  keys(): readonly string[] {
    return [...this.#fields.keys()];
  }

  text(key: string): string | undefined {
    return this.#typed(key, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  number(key: string): number | undefined {
    return this.#typed(key, 'a number', (value) => (typeof value === 'number' ? value : undefined));
  }

  bool(key: string): boolean | undefined {
    return this.#typed(key, 'a boolean', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  /** A list of strings; empty when there is none. */
  texts(key: string): readonly string[] {
    return this.#list(key, (value, path) => {
      if (typeof value === 'string') return value;
      throw new FormatError(this.#where, undefined, `${path} is not a string`);
    });
  }

  object(key: string): JsonFields | undefined {
    const value = this.#fields.get(key);
    return value === undefined || value === null
      ? undefined
      : JsonFields.#from(this.#where, this.#name(key), value);
  }

  /** A list of objects; empty when there is none. */
  objects(key: string): readonly JsonFields[] {
    return this.#list(key, (value, path) => JsonFields.#from(this.#where, path, value));
  }

  /** An object whose values are strings, such as annotations and labels. */
  textMap(key: string): ReadonlyMap<string, string> {
    const object = this.object(key);
    return new Map(object?.keys().map((name) => [name, object.text(name) ?? '']) ?? []);
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #list<T>(key: string, item: (value: unknown, path: string) => T): readonly T[] {
    const value = this.#fields.get(key);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value))
      throw new FormatError(this.#where, undefined, `${this.#name(key)} is not a list`);
    return value.map((one: unknown, index) => item(one, `${this.#name(key)}[${index}]`));
  }

  #typed<T>(key: string, type: string, narrow: (value: unknown) => T | undefined): T | undefined {
    const value = this.#fields.get(key);
    if (value === undefined || value === null) return undefined;
    const narrowed = narrow(value);
    if (narrowed === undefined)
      throw new FormatError(this.#where, undefined, `${this.#name(key)} is not ${type}`);
    return narrowed;
  }
}
