import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type DeniedError, IntegrityError, WrongKeyError, WrongPassphraseError } from '../base/errors.js';
import { plaintextSize } from '../bytes/age-stream.js';
import { type AgeKeys, openAge, openAgeWithKey, readHeader } from '../bytes/age-unlock.js';
import { chunksOf } from '../bytes/chunks.js';
import type { ByteSource } from '../bytes/source.js';
import { CHECK_STAGES, type CheckedContent, type CheckStage, checkContent } from './check-content.js';
import type { Manifest } from './manifest.js';

export type SealVerdict = 'ok' | 'failed' | 'not checked';

/** One thing that was looked at. */
export type SealCheck = {
  /** Stable name: `manifest`, `sealed file`, `age structure`, `key`, the stages of `checkContent`, ... */
  readonly check: string;
  readonly verdict: SealVerdict;
  /** What was found, or why it could not be checked. May quote untrusted text. */
  readonly detail: string;
};

export interface VerifyOptions {
  /** The manifest; undefined when there is none, which is said. */
  readonly manifest: Manifest | undefined;
  /** Without keys, nothing inside the encryption can be checked, which is said. */
  readonly keys: AgeKeys | { readonly fileKey: Uint8Array } | undefined;
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
  /**
   * Told the SHA-256 (lower-case hex) of the sealed file and of the tar in it, as they were computed. With it, the
   * sealed file is hashed even if there is no manifest to compare with.
   */
  readonly onHash?: ((of: 'sealed file' | 'tar', sha256: string) => void) | undefined;
  /** Told that no key that was given opens the file: what is inside is then not checked, and nothing is wrong with it. */
  readonly onWrongKey?: ((error: DeniedError) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks everything about a sealed file that can be checked with what is there. Nothing of the content is kept.
 *
 * Errors in the file are verdicts; only what is no fault of the file (an interrupt, no terminal for a passphrase)
 * is thrown.
 */
export async function verify(source: ByteSource, options: VerifyOptions): Promise<SealCheck[]> {
  const report = new Report();
  await checkSealedFile(source, options, report);
  await report.run('age structure', async () => {
    const stanzas = await checkStructure(source);
    return `well-formed age v1 file, ${stanzas} recipient${stanzas === 1 ? '' : 's'}`;
  });
  await checkInside(source, options, report);
  return report.checks;
}

async function checkSealedFile(source: ByteSource, options: VerifyOptions, report: Report): Promise<void> {
  const { manifest, onProgress, onHash, signal } = options;
  if (manifest === undefined) {
    if (onHash !== undefined) onHash('sealed file', await hashSource(source, onProgress, signal));
    report.skip('sealed file', 'no manifest to compare its hash with');
    return;
  }
  await report.run('sealed file', async () => {
    if (manifest.sealed.size !== source.size) {
      throw new IntegrityError(`${source.size} bytes long, but ${manifest.sealed.size} by the manifest`);
    }
    const sha256 = await hashSource(source, onProgress, signal);
    onHash?.('sealed file', sha256);
    if (sha256 === manifest.sealed.sha256) return `SHA-256 ${sha256}, as the manifest says`;
    throw new IntegrityError(`SHA-256 ${sha256}, but ${manifest.sealed.sha256} by the manifest`);
  });
}

/** SHA-256 of all of a source, in lower-case hex; the phase that progress is told is `hashing`. */
export async function hashSource(
  source: ByteSource,
  onProgress: VerifyOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of chunksOf(source, 0, signal)) {
    hash.update(chunk);
    done += chunk.length;
    onProgress?.('hashing', done, source.size);
  }
  return hash.digest('hex');
}

async function checkStructure(source: ByteSource): Promise<number> {
  const { header, binary } = await readHeader(source);
  plaintextSize(binary.size - header.payloadOffset, source.name);
  return header.stanzaTypes.length;
}

async function checkInside(source: ByteSource, options: VerifyOptions, report: Report): Promise<void> {
  const inside = ['key', ...CHECK_STAGES, 'manifest and content'];
  const { keys, manifest, onProgress, signal } = options;
  if (keys === undefined) {
    for (const check of inside) report.skip(check, 'no identity given (-i)');
    return;
  }
  let payload: ByteSource | undefined;
  try {
    await report.run('key', async () => {
      payload = 'fileKey' in keys ? await openAgeWithKey(source, keys.fileKey) : await openAge(source, keys);
      return 'opens the file; its header and its last chunk authenticate';
    });
  } catch (error) {
    if (!(error instanceof WrongKeyError || error instanceof WrongPassphraseError)) throw error;
    report.skip('key', error.message);
    options.onWrongKey?.(error);
  }
  if (payload === undefined) {
    for (const check of inside.slice(1)) report.skip(check, 'the file could not be opened');
    return;
  }
  const content = await checkStages(payload, report, {
    onProgress: (done, total) => onProgress?.('verifying', done, total),
    signal,
  });
  if (content !== undefined) options.onHash?.('tar', content.tar.sha256);
  if (content === undefined || manifest === undefined) {
    const why = manifest === undefined ? 'no manifest' : 'the content could not be checked';
    report.skip('manifest and content', why);
    return;
  }
  await report.run('manifest and content', async () => compareManifest(manifest, content));
}

async function checkStages(
  payload: ByteSource,
  report: Report,
  options: { onProgress: (done: number, total: number) => void; signal: AbortSignal | undefined },
): Promise<CheckedContent | undefined> {
  let stage: CheckStage = 'seek table';
  let content: CheckedContent | undefined;
  let problem: string | undefined;
  try {
    content = await checkContent(payload, { ...options, onStage: (next) => (stage = next) });
    if (content === undefined) problem = 'no seek table with an index: not sealed by coldcase, or cut';
  } catch (error) {
    problem = problemOf(error);
  }
  const reached = CHECK_STAGES.indexOf(stage);
  for (const [index, check] of CHECK_STAGES.entries()) {
    if (content !== undefined || index < reached) report.pass(check, stageDetail(check, content));
    else if (index === reached) report.fail(check, problem ?? '');
    else report.skip(check, `not reached: ${stage} failed`);
  }
  return content;
}

function stageDetail(stage: CheckStage, content: CheckedContent | undefined): string {
  switch (stage) {
    case 'seek table':
      return 'adds up to the file';
    case 'index':
      return 'well-formed';
    case 'chunks and frames':
      return content === undefined
        ? 'all decoded'
        : `all authenticate and decode: ${content.frames} frame${content.frames === 1 ? '' : 's'}`;
    case 'tar hash':
      return content === undefined ? 'as the index says' : `SHA-256 ${content.tar.sha256}, as the index says`;
    case 'entries':
      return `the index lists what is in the tar: ${content?.tar.entries ?? 0} entries`;
  }
}

function compareManifest(manifest: Manifest, content: CheckedContent): string {
  const { tar, index } = content;
  if (manifest.tar.sha256 !== tar.sha256 || manifest.tar.size !== tar.size) {
    throw new IntegrityError(`the manifest is of another tar: SHA-256 ${manifest.tar.sha256}`);
  }
  if (manifest.tar.entries !== tar.entries) throw new IntegrityError('the manifest counts other entries');
  if (!isDeepStrictEqual(manifest.capture, index.capture)) {
    throw new IntegrityError('the capture record of the manifest is not the one that was sealed');
  }
  return 'same tar, same capture record';
}

/** Collects verdicts. */
class Report {
  readonly checks: SealCheck[] = [];

  pass(check: string, detail: string): void {
    this.checks.push({ check, verdict: 'ok', detail });
  }

  fail(check: string, detail: string): void {
    this.checks.push({ check, verdict: 'failed', detail });
  }

  skip(check: string, detail: string): void {
    this.checks.push({ check, verdict: 'not checked', detail });
  }

  async run(check: string, work: () => Promise<string>): Promise<void> {
    try {
      this.pass(check, await work());
    } catch (error) {
      this.fail(check, problemOf(error));
    }
  }
}

/** The message of what is wrong with the file; anything else goes on being thrown. */
function problemOf(error: unknown): string {
  if (error instanceof IntegrityError) return error.message;
  throw error;
}
