import { FormatError } from '../base/errors.js';
import { parseJson } from '../base/json.js';
import { portableJson } from '../base/spelling.js';
import { type JsonValue, toJsonObject } from './capture-record.js';

/** Written by this release, and the only version that it reads. */
export const MANIFEST_VERSION = 1;
export const MANIFEST_FORMAT = 'coldcase-manifest';
/** A manifest is a few kilobytes; a hostile one is not read into memory. */
export const MAX_MANIFEST = 4 * 1024 * 1024;

/** Size in bytes and lower-case hex SHA-256 of a file, and the name that it had. */
export type FileFacts = {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
};

/**
 * What NAME.tar.zst.age.json says about the sealed file beside it. Not encrypted, so it names nothing that was
 * inside the container but where it had the node's volumes; not signed, so it proves something only if it was kept
 * apart from the sealed file.
 */
export type Manifest = {
  readonly format: typeof MANIFEST_FORMAT;
  readonly version: typeof MANIFEST_VERSION;
  readonly tool: { readonly name: 'coldcase'; readonly version: string };
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  readonly sealed: FileFacts;
  /** The tar that is sealed; `entries` is how many there are in it. */
  readonly tar: FileFacts & { readonly entries: number };
  /** What was given to be sealed: the tar itself, or a compressed one. */
  readonly input: FileFacts & { readonly compression: 'none' | 'gzip' | 'zstd' };
  /** Public keys, or that a passphrase locks it. */
  readonly recipients: readonly string[] | 'passphrase';
  /** Whether the written file was read back, and gave the tar's hash, before it got its name. */
  readonly proved: boolean;
  /** A CaptureRecord, or null when an existing archive was sealed. */
  readonly capture: { readonly [key: string]: JsonValue } | null;
  /** Milliseconds by phase. */
  readonly durations: { readonly [phase: string]: number };
};

/** Name of the manifest that belongs to a sealed file. */
export function manifestPath(sealed: string): string {
  return `${sealed}.json`;
}

/** A manifest as its file holds it. */
export function formatManifest(manifest: Manifest): string {
  return `${portableJson(JSON.stringify(manifest, null, 2))}\n`;
}

/**
 * Reads a manifest, and checks every field that is used.
 *
 * @param name - its file, for errors
 * @throws FormatError when it is no manifest, or one of a version that this release does not know
 */
export function parseManifest(text: string, name: string): Manifest {
  const fail = (problem: string): FormatError => new FormatError(name, undefined, problem);
  const top = new Fields(parseJson(name, text), '', fail);
  if (top.text('format') !== MANIFEST_FORMAT) throw fail('not a manifest of coldcase');
  if (top.count('version') !== MANIFEST_VERSION)
    throw fail(`manifest of version ${top.count('version')}, not 1`);
  const tool = top.fields('tool');
  const tar = top.fields('tar');
  const input = top.fields('input');
  const compression = input.text('compression');
  if (compression !== 'none' && compression !== 'gzip' && compression !== 'zstd') {
    throw fail(`the manifest has an unknown input.compression`);
  }
  return {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    tool: { name: 'coldcase', version: tool.text('version') },
    createdAt: top.text('createdAt'),
    sealed: top.fields('sealed').file(),
    tar: { ...tar.file(), entries: tar.count('entries') },
    input: { ...input.file(), compression },
    recipients: top.recipients('recipients'),
    proved: top.get('proved') === true,
    capture: top.get('capture') === null ? null : top.fields('capture').json(),
    durations: top.durations('durations'),
  };
}

/** An object of a manifest, its fields checked as they are asked for. */
class Fields {
  readonly value: { readonly [key: string]: unknown };

  readonly #path: string;
  readonly #fail: (problem: string) => FormatError;

  constructor(value: unknown, path: string, fail: (problem: string) => FormatError) {
    this.#path = path;
    this.#fail = fail;
    if (!isObject(value)) throw this.#wrong('');
    this.value = value;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  fields(key: string): Fields {
    return new Fields(this.get(key), `${this.#path}${key}.`, this.#fail);
  }

  text(key: string): string {
    const value = this.get(key);
    if (typeof value !== 'string') throw this.#wrong(key);
    return value;
  }

  count(key: string): number {
    const value = this.get(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.#wrong(key);
    return value;
  }

  file(): FileFacts {
    const sha256 = this.text('sha256');
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw this.#wrong('sha256');
    return { name: this.text('name'), size: this.count('size'), sha256 };
  }

  json(): { readonly [key: string]: JsonValue } {
    return toJsonObject(this.value);
  }

  recipients(key: string): Manifest['recipients'] {
    const value = this.get(key);
    if (value === 'passphrase') return value;
    if (!Array.isArray(value)) throw this.#wrong(key);
    return value.map((each: unknown) => {
      if (typeof each !== 'string') throw this.#wrong(key);
      return each;
    });
  }

  durations(key: string): { [phase: string]: number } {
    const entries = Object.entries(this.fields(key).value).map(([phase, value]) => {
      if (typeof value !== 'number') throw this.#wrong(`${key}.${phase}`);
      return [phase, value] as const;
    });
    return Object.fromEntries(entries);
  }

  #wrong(key: string): FormatError {
    return this.#fail(`the manifest has no proper ${`${this.#path}${key}`.replace(/\.$/, '') || 'content'}`);
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
