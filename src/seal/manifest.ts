import { FormatError } from '../base/errors.js';
import { JSON_LIMITS, type JsonObject } from '../base/json.js';
import { JsonFields } from '../base/json-fields.js';
import { portableJson } from '../base/spelling.js';

/** Written by this release, and the only version that it reads. */
export const MANIFEST_VERSION = 1;
export const MANIFEST_FORMAT = 'coldcase-manifest';
/** A manifest is a few kilobytes; a hostile one is not read into memory. */
export const MAX_MANIFEST = 4 * 1024 * 1024;
const LIMITS = { ...JSON_LIMITS, bytes: MAX_MANIFEST };

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
  readonly capture: JsonObject | null;
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
  const top = JsonFields.parse(name, text, LIMITS);
  if (top.text('format') !== MANIFEST_FORMAT) throw fail('not a manifest of coldcase');
  const version = top.need('version', top.count('version'));
  if (version !== MANIFEST_VERSION) throw fail(`manifest of version ${version}, not 1`);
  const part = (key: string): JsonFields => top.need(key, top.object(key));
  const [tool, tar, input] = [part('tool'), part('tar'), part('input')];
  const compression = input.text('compression');
  if (compression !== 'none' && compression !== 'gzip' && compression !== 'zstd') {
    throw input.wrong('compression', 'is none that there is');
  }
  return {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    tool: { name: 'coldcase', version: tool.need('version', tool.text('version')) },
    createdAt: top.need('createdAt', top.text('createdAt')),
    sealed: fileFacts(part('sealed')),
    tar: { ...fileFacts(tar), entries: tar.need('entries', tar.count('entries')) },
    input: { ...fileFacts(input), compression },
    recipients: recipientsOf(top),
    proved: top.bool('proved') === true,
    capture: top.object('capture')?.value ?? null,
    durations: durationsOf(part('durations')),
  };
}

function fileFacts(file: JsonFields): FileFacts {
  const sha256 = file.need('sha256', file.text('sha256'));
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw file.wrong('sha256', 'is no SHA-256');
  return { name: file.need('name', file.text('name')), size: file.need('size', file.count('size')), sha256 };
}

function recipientsOf(top: JsonFields): Manifest['recipients'] {
  const recipients = top.value['recipients'];
  if (recipients === 'passphrase') return recipients;
  if (recipients === undefined) throw top.wrong('recipients', 'is missing');
  return top.texts('recipients');
}

function durationsOf(durations: JsonFields): Manifest['durations'] {
  return Object.fromEntries(
    durations.keys().map((phase) => [phase, durations.need(phase, durations.number(phase))]),
  );
}
