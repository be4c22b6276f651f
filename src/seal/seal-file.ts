import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { IntegrityError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { formatTime } from '../base/units.js';
import { requireWritable } from '../base/writable.js';
import { writeAside } from '../base/write-aside.js';
import { parseAgeHeader } from '../bytes/age-header.js';
import { openAgePayload } from '../bytes/age-payload.js';
import { descriptorSource } from '../bytes/file.js';
import type { CaptureRecord } from './capture-record.js';
import { checkContent } from './check-content.js';
import { openTarInput, type SealInput, type TarInput } from './input.js';
import {
  formatManifest,
  MANIFEST_FORMAT,
  MANIFEST_VERSION,
  type Manifest,
  manifestPath,
} from './manifest.js';
import { checkRecipients, createHeader, type SealedHeader, type SealFor } from './recipients.js';
import { type SealedFacts, type SealedSink, sealStream } from './seal-stream.js';
import { type SealedText, writeManifest } from './write-manifest.js';

export interface SealOptions {
  readonly input: SealInput;
  readonly sealFor: SealFor;
  /** Stored in the file's index and in the manifest; null when an existing archive is sealed. */
  readonly capture: CaptureRecord | null;
  readonly toolVersion: string;
  /** Told the phase (`sealing`, `proving`), bytes done and, where known, bytes in all. */
  readonly onProgress?: ((phase: string, done: number, total?: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SealFileOptions extends SealOptions {
  /** NAME.tar.zst.age; the manifest is written to the same with `.json` behind it. */
  readonly output: string;
  /** Where the manifest goes instead. */
  readonly manifest?: string | undefined;
  /** Replace files under these names. */
  readonly force?: boolean | undefined;
  /** Read everything back and compare it with the tar's hash before the file gets its name. */
  readonly prove: boolean;
}

export interface SealedFile {
  readonly path: string;
  readonly manifestPath: string;
  readonly manifest: Manifest;
}

/**
 * Seals an archive into a file of mode 0600 with its manifest beside it. The file appears under its name only
 * when complete, flushed and, with `prove`, read back; if anything fails or is interrupted, nothing is left. Only
 * where nothing but the manifest cannot be written, the sealed file stays, and the error says so: it is whole.
 *
 * @throws UnsafeError when a file is in the way; NotFoundError without the output's directory; UsageError for
 * bad recipients or encrypted input; IntegrityError when the input is no whole tar or the proof fails
 */
export async function sealFile(options: SealFileOptions): Promise<SealedFile> {
  const path = options.output;
  const manifestFile = options.manifest ?? manifestPath(path);
  await requireWritable(manifestFile, options);
  const text = await writeAside(path, { force: options.force }, async ({ handle, output }) => {
    const sealed = await seal(options, (pieces) => output.appendSync(pieces));
    const proveStart = performance.now();
    if (options.prove) {
      await handle.sync().catch((cause: unknown) => {
        throw fileError(cause, path, 'write', output.written);
      });
      await prove(handle.fd, sealed.header, sealed.facts, path, options);
    }
    const durations = { ...sealed.durations, ...(options.prove ? { prove: since(proveStart) } : {}) };
    return manifestText({ ...sealed, durations }, basename(path), options.prove, options);
  });
  await writeManifest(manifestFile, text, path, options);
  return { path, manifestPath: manifestFile, manifest: text.manifest };
}

/**
 * Seals an archive into a stream. There is nothing to read back then; the manifest is returned as a value and as
 * the text of its file.
 *
 * @param name - of the sealed file in the manifest
 */
export async function sealToSink(options: SealOptions, sink: SealedSink, name: string): Promise<SealedText> {
  return manifestText(await seal(options, sink), name, false, options);
}

interface Sealed {
  readonly header: SealedHeader;
  readonly facts: SealedFacts;
  readonly tarInput: TarInput;
  readonly durations: { readonly [phase: string]: number };
}

async function seal(options: SealOptions, sink: SealedSink): Promise<Sealed> {
  const start = performance.now();
  const { input, sealFor, capture, signal, onProgress } = options;
  // What can be wrong with them is found before threads are started and input is waited for.
  if ('recipients' in sealFor) await checkRecipients(sealFor.recipients);
  const header = createHeader(sealFor);
  header.catch(() => {}); // told by `sealStream`, unless the input fails first
  const tarInput = await openTarInput(input, signal);
  const facts = await sealStream({
    input: tarInput.tar,
    name: input.name,
    header,
    capture,
    sink,
    onProgress: (done) => onProgress?.('sealing', done, tarInput.tarSize),
    signal,
  });
  return { header: await header, facts, tarInput, durations: { seal: since(start) } };
}

/** Opens the written file as a reader would, with the file key that is still in memory. */
async function prove(
  fd: number,
  { bytes, fileKey }: SealedHeader,
  facts: SealedFacts,
  path: string,
  options: SealOptions,
): Promise<void> {
  const source = descriptorSource(fd, facts.sealed.size, path); // not closed: the descriptor is not its own
  const header = parseAgeHeader(await source.read(0, bytes.length), path);
  if (header === undefined) throw new IntegrityError(`${path}: its header cannot be read back`);
  const payload = await openAgePayload(source, header, fileKey);
  const { onProgress, signal } = options;
  const checked = await checkContent(payload, {
    onProgress: (done, total) => onProgress?.('proving', done, total),
    signal,
  });
  if (checked?.tar.sha256 === facts.tar.sha256 && checked.tar.size === facts.tar.size) return;
  throw new IntegrityError(`${path}: what was written does not give the tar back`, {
    remedy: 'the original is untouched; check the disk and memory of this machine, and write elsewhere',
  });
}

function manifestText(
  { facts, tarInput, durations }: Sealed,
  name: string,
  proved: boolean,
  { input, sealFor, capture, toolVersion }: SealOptions,
): SealedText {
  const inputName = basename(input.name);
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    tool: { name: 'coldcase', version: toolVersion },
    createdAt: formatTime(new Date()),
    sealed: { name, ...facts.sealed },
    tar: { name: inputName.replace(/\.(gz|tgz|zst|zstd)$/, ''), ...facts.tar },
    input: {
      name: inputName,
      ...(tarInput.digest() ?? { size: facts.tar.size, sha256: facts.tar.sha256 }),
      compression: tarInput.compression,
    },
    recipients: 'passphrase' in sealFor ? 'passphrase' : [...new Set(sealFor.recipients)],
    proved,
    capture: capture,
    durations,
  };
  return { manifest, json: formatManifest(manifest) };
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}
