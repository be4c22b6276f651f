import { posix } from 'node:path';
import type { FileFacts, HostRoot } from '../host/root.js';
import {
  type Candidate,
  findCandidates,
  type LeftoverEngine,
  type LeftoverKind,
  type OwnDirectories,
  PLACES,
  type UnreadPlace,
} from './places.js';

/** A piece of a checkpoint that lies where no checkpoint is being made, or is. Paths are untrusted text. */
export interface Leftover {
  /** Inside the host root, links on the way resolved. */
  readonly path: string;
  readonly kind: LeftoverKind;
  readonly engine: LeftoverEngine;
  readonly what: string;
  readonly directory: boolean;
  readonly owner: number;
  /** Bytes in its files; undefined when they could not all be seen. */
  readonly size: number | undefined;
  /** Bytes that it takes on the disk. */
  readonly allocated: number | undefined;
  /** The latest change of anything in it, of owners and names too, by the clock of the file system. */
  readonly changed: Date;
  /** When bytes or names in it were last written; renaming the whole does not change it. Milliseconds since 1970. */
  readonly written: number;
  readonly identity: { readonly device: number; readonly inode: number };
  /** What keeps it from being removed whoever asks: another owner, another kind of file, somebody else's to remove. */
  readonly obstacle: string | undefined;
}

/** What lies in the places, the largest first, and which of them could not be looked into. */
export interface Leftovers {
  readonly found: readonly Leftover[];
  readonly unread: readonly UnreadPlace[];
}

/** Looks into every place where a checkpoint leaves plaintext; only reads. */
export async function lookForLeftovers(host: HostRoot, own: OwnDirectories): Promise<Leftovers> {
  const { candidates, unread } = await findCandidates(host, own);
  const found: Leftover[] = [];
  for (const candidate of candidates) {
    const one = await lookAt(host, candidate);
    if (one !== undefined) found.push(one);
  }
  found.sort((a, b) => (b.size ?? 0) - (a.size ?? 0) || (a.path < b.path ? -1 : 1));
  return { found, unread };
}

const DIRECTORIES: ReadonlySet<LeftoverKind> = new Set(['criu-images', 'content-ingest', 'container-state']);

/** What is at a candidate's path now; undefined when it went away meanwhile. */
export async function lookAt(host: HostRoot, candidate: Candidate): Promise<Leftover | undefined> {
  const { path, kind } = candidate;
  const { engine, what, removedBy } = PLACES[kind];
  const facts = await host.stat(path, { follow: false });
  if (!facts.ok) return undefined;
  const { uid, kind: type, device, inode } = facts.value;
  const directory = type === 'directory';
  const wanted = DIRECTORIES.has(kind) ? 'directory' : directory ? 'directory' : 'file';
  // what is another user's is no engine's and never removed: it may be a tree that is made to be walked for long
  const strange = uid !== 0 && (engine !== 'coldcase' || uid !== process.getuid?.());
  const ours = uid === 0 || uid === process.getuid?.();
  const measured = ours ? await measure(host, path) : unmeasured(facts.value);
  return {
    path,
    kind,
    engine,
    what: kind === 'container-userdata' ? userdataWhat(path) : what,
    directory,
    owner: uid,
    size: measured.whole ? measured.size : undefined,
    allocated: measured.whole ? measured.allocated : undefined,
    changed: new Date(measured.changed),
    written: measured.written,
    identity: { device, inode },
    obstacle:
      type !== wanted
        ? `is a ${type}, not a ${wanted}`
        : strange
          ? `belongs to user ${uid}: ${engine} did not make it`
          : (candidate.doubt ??
            (kind === 'criu-images' ? await foreignIn(host, path) : undefined) ??
            (removedBy === undefined ? undefined : `removed by ${removedBy}`)),
  };
}

function unmeasured({ mtime, ctime }: FileFacts): Measure {
  const written = mtime.getTime();
  return { size: 0, allocated: 0, changed: Math.max(written, ctime.getTime()), written, whole: false };
}

/** What CRIU and the OCI runtimes write beside each other when they dump; no directories. */
const DUMPED = /\.img$|^(?:descriptors\.json|dump\.log|criu-dump\.log|stats-dump|parent)$/;

/** Somebody may keep evidence in a directory that is called as containerd's are. */
async function foreignIn(host: HostRoot, directory: string): Promise<string | undefined> {
  const names = await host.list(directory);
  if (!names.ok) return names.reason === 'absent' ? undefined : `cannot be looked into: ${names.why}`;
  for (const name of names.value) {
    const facts = await host.stat(posix.join(directory, name), { follow: false });
    const kind = facts.ok ? facts.value.kind : 'file';
    if (!DUMPED.test(name) || (kind !== 'file' && name !== 'parent'))
      return `holds ${name}, which no checkpoint makes`;
  }
  return undefined;
}

function userdataWhat(path: string): string {
  const name = posix.basename(path);
  if (name.startsWith('checkpoint')) return "CRIU's images";
  if (name.startsWith('rootfs-diff.tar')) return "the container's changed files";
  if (name.startsWith('io.kubernetes')) return "a copy of the container's log";
  return 'a piece of the checkpoint';
}

/** More files than any checkpoint leaves; a hostile tree is not walked to its end. */
const MAX_FILES = 100_000;
const MAX_DEPTH = 32;

export interface Measure {
  readonly size: number;
  readonly allocated: number;
  /** Milliseconds since 1970: the latest change of anything, and the latest writing. */
  readonly changed: number;
  readonly written: number;
  /** Whether everything in it was seen, and lies on one file system. */
  readonly whole: boolean;
}

/** Sums up a file, or a directory with all in it, following no link. */
export async function measure(host: HostRoot, top: string): Promise<Measure> {
  let [size, allocated, changed, written, seen, whole] = [0, 0, 0, 0, 0, true];
  let device: number | undefined;
  const pending: { readonly path: string; readonly depth: number }[] = [{ path: top, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, depth } = next;
    seen += 1;
    if (seen > MAX_FILES || depth > MAX_DEPTH) return { size, allocated, changed, written, whole: false };
    const facts = await host.stat(path, { follow: false });
    if (!facts.ok) {
      whole &&= facts.reason === 'absent';
      continue;
    }
    const { kind, mtime, ctime } = facts.value;
    device ??= facts.value.device;
    if (facts.value.device !== device) {
      whole = false; // something is mounted there, and is not a part of it
      continue;
    }
    written = Math.max(written, mtime.getTime());
    changed = Math.max(changed, written, ctime.getTime());
    if (kind !== 'directory') {
      size += facts.value.size;
      allocated += facts.value.allocated;
      continue;
    }
    const names = await host.list(path);
    if (names.ok)
      for (const name of names.value) pending.push({ path: posix.join(path, name), depth: depth + 1 });
    else whole &&= names.reason === 'absent';
  }
  return { size, allocated, changed, written, whole };
}
