import { errorCode } from '../../base/file-errors.js';

/** Why something could not be read. `absent` is an answer; the others mean that it is not known. */
export interface Unread {
  readonly ok: false;
  readonly reason: 'absent' | 'denied' | 'too-large' | 'wrong-kind' | 'failed';
  /** One line for people, such as `permission denied`. */
  readonly why: string;
}

/** A value that was read from the host, or why it could not be. */
export type Found<T> = { readonly ok: true; readonly value: T } | Unread;

/** What an error of the file system means for a reader. */
export function unread(error: unknown): Unread {
  const code = errorCode(error);
  const why = describe(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { ok: false, reason: 'absent', why: 'not there' };
  if (code === 'EACCES' || code === 'EPERM') return { ok: false, reason: 'denied', why: 'permission denied' };
  if (code === 'ELOOP') return { ok: false, reason: 'failed', why: 'changed into a link while it was read' };
  if (code === 'ENXIO') return { ok: false, reason: 'wrong-kind', why: 'not a regular file' };
  return { ok: false, reason: 'failed', why };
}

/** An error in a word or two. */
export function describe(error: unknown): string {
  const code = errorCode(error);
  return code ?? (error instanceof Error ? error.message : String(error));
}
