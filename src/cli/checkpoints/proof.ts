import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FormatError, IntegrityError, UnsafeError } from '../../base/errors.js';
import { errorCode, fileError } from '../../base/file-errors.js';
import { openOwnFile } from '../../base/sole-writer.js';
import { type AgeKeys, openAge } from '../../bytes/age-unlock.js';
import { chunksOf } from '../../bytes/chunks.js';
import { descriptorSource } from '../../bytes/file.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import { checkContent } from '../../seal/check-content.js';
import { openTarInput } from '../../seal/input.js';
import { MAX_MANIFEST, parseManifest } from '../../seal/manifest.js';
import { hashSource } from '../../seal/verify.js';
import { doubtsAboutFile, trustedPlace } from '../capture/trusted-place.js';
import type { KnownCopy } from './copies.js';

/** SHA-256 of an archive as it lies there, and of the tar in it, which is the same for one that is not compressed. */
export interface ArchiveHashes {
  readonly file: string;
  readonly tar: string;
}

/** A sealed copy that was proved to stand for an archive. */
export interface Proof {
  readonly path: string;
  /** How it was proved: by opening it, or by a receipt that only root could have written. */
  readonly by: 'identity' | 'receipt';
  /** Who could still do away with it; lines for people. */
  readonly doubts: readonly string[];
  /** @throws UnsafeError when the file that was proved is not there any more, or was written to */
  checkStillThere(): Promise<void>;
}

export interface ProofOptions {
  /** What opens sealed copies; without it, only receipts are believed. */
  readonly keys: AgeKeys | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((phase: string, done: number, total?: number) => void) | undefined;
}

/** Reads an archive through the descriptor that is held of it. */
export async function hashArchive(file: CheckpointFile, options: ProofOptions): Promise<ArchiveHashes> {
  const input = { name: file.name, fd: file.handle.fd, size: file.size };
  const { tar, digest } = await openTarInput(input, options.signal);
  const chunks =
    'chunks' in tar
      ? tar.chunks
      : chunksOf(descriptorSource(file.handle.fd, file.size, file.name), 0, options.signal);
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    done += chunk.length;
    options.onProgress?.('hashing the archive', done, file.size);
  }
  const sha256 = hash.digest('hex');
  return { file: digest()?.sha256 ?? sha256, tar: sha256 };
}

/**
 * Proves that a sealed copy stands for an archive, by something that nobody else can have written.
 *
 * With keys the copy is decrypted, and gives the tar back, whole: then it may lie where others can write, though not
 * where everybody can. Without, a manifest is believed only when it and the sealed file belong to root, in a
 * directory that only root writes; then it is what coldcase wrote when it read the copy back, and both hashes are
 * compared with it.
 *
 * @throws IntegrityError, UnsafeError saying why it is no proof
 */
export async function proveCopy(
  archive: ArchiveHashes,
  copy: KnownCopy,
  options: ProofOptions,
): Promise<Proof> {
  return options.keys === undefined
    ? byReceipt(archive, copy, options)
    : byIdentity(archive, copy, options.keys, options);
}

async function byIdentity(
  archive: ArchiveHashes,
  copy: KnownCopy,
  keys: AgeKeys,
  options: ProofOptions,
): Promise<Proof> {
  const doubts = [...(await trustedPlace(dirname(resolve(copy.path)))).doubts];
  const path = join(await realpath(dirname(resolve(copy.path))), basename(copy.path));
  const handle = await openRegular(path);
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new UnsafeError(`${path} is no regular file`);
    doubts.push(...(await doubtsAboutFile(path, stat)));
    const sealed = descriptorSource(handle.fd, Number(stat.size), path); // not closed: the descriptor is the handle's
    const payload = await openAge(sealed, keys);
    const content = await checkContent(payload, {
      onProgress: (done, total) => options.onProgress?.('proving', done, total),
      signal: options.signal,
    });
    if (content === undefined) throw new FormatError(path, undefined, 'not sealed by coldcase, or cut');
    if (content.tar.sha256 !== archive.tar) {
      throw new IntegrityError(`${path} holds another archive (SHA-256 of its tar ${content.tar.sha256})`);
    }
    return { path, by: 'identity', doubts, checkStillThere: () => sameFile(path, stat) };
  } finally {
    await handle.close();
  }
}

async function byReceipt(archive: ArchiveHashes, copy: KnownCopy, options: ProofOptions): Promise<Proof> {
  if (copy.manifest === undefined) {
    throw new IntegrityError(`${copy.path} has no manifest, and without -i it is not opened`);
  }
  const receipt = await openOwnFile(copy.manifest);
  if (!receipt.ok) throw notBelieved(receipt.why);
  let text: string;
  try {
    text = (await readAll(receipt.handle, receipt.path, MAX_MANIFEST)).toString('utf8');
  } finally {
    await receipt.handle.close();
  }
  const manifest = parseManifest(text, receipt.path);
  if (!manifest.proved) throw new IntegrityError(`${copy.path} was sealed without being read back`);
  if (manifest.input.sha256 !== archive.file) {
    throw new IntegrityError(`${copy.path} was made of another archive, by its manifest`);
  }
  const sealed = await openOwnFile(join(dirname(receipt.path), basename(manifest.sealed.name)));
  if (!sealed.ok) throw notBelieved(sealed.why);
  try {
    const stat = await sealed.handle.stat({ bigint: true });
    const source = descriptorSource(sealed.handle.fd, Number(stat.size), sealed.path);
    const sha256 = await hashSource(source, options.onProgress, options.signal);
    if (sha256 !== manifest.sealed.sha256) {
      throw new IntegrityError(`${sealed.path} is not what its manifest says`);
    }
    const { path } = sealed;
    return { path, by: 'receipt', doubts: [], checkStillThere: () => sameFile(path, stat) };
  } finally {
    await sealed.handle.close();
  }
}

function notBelieved(why: string): UnsafeError {
  return new UnsafeError(`a manifest proves nothing where others can write: ${why}`, {
    remedy: 'give the identity that opens the sealed copies (-i), or keep them where only root writes',
  });
}

async function openRegular(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw new UnsafeError(`${path} is a symbolic link`, { cause: error });
    throw fileError(error, path, 'read');
  }
}

async function readAll(handle: FileHandle, path: string, limit: number): Promise<Buffer> {
  const { size } = await handle.stat();
  if (size > limit) throw new FormatError(path, undefined, 'too large for a manifest');
  return Buffer.from(await descriptorSource(handle.fd, size, path).read(0, size));
}

/** While somebody was asked, the copy may have been moved away or written over. */
async function sameFile(path: string, proved: BigIntStats): Promise<void> {
  const now = await lstat(path, { bigint: true }).catch((error: unknown) => {
    throw fileError(error, path, 'look at');
  });
  const same =
    now.dev === proved.dev &&
    now.ino === proved.ino &&
    now.size === proved.size &&
    now.mtimeNs === proved.mtimeNs &&
    now.ctimeNs === proved.ctimeNs;
  if (same) return;
  throw new UnsafeError(`${path} is not the file any more that was proved`, {
    remedy: 'the original was kept; find out who changed the copy',
  });
}
