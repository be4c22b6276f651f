import { NotFoundError, UnsafeError } from '../base/errors.js';
import { spellings } from '../base/spelling.js';
import { type Archive, type ArchiveEntry, makeArchive } from './archive.js';
import { globMatcher } from './glob.js';
import { nestedName, splitNested } from './nested.js';
import { openArchiveSource } from './open-source.js';

/** An entry, the archive it is in, and the path that names it from outside, nested archives included. */
export interface Selected {
  readonly archive: Archive;
  readonly entry: ArchiveEntry;
  readonly path: string;
}

/**
 * The entries that a path or pattern names, in the order of the tar. `*` and `?` stand for anything within one
 * path component, `**` for anything at all; a directory stands for all that is in it; `ENTRY//PATTERN` looks into
 * the entry, which is itself a tar (compressed or not); an empty pattern names everything. It may be written as
 * tables or JSON print names: all that any of its `spellings` names is meant, so that no name can hide another.
 *
 * @throws NotFoundError when nothing has that name; FormatError when a nested archive is none
 */
export async function selectEntries(archive: Archive, pattern: string): Promise<Selected[]> {
  const selected: Selected[] = [];
  let found = false;
  for (const spelling of spellings(pattern)) {
    const within = await descend(archive, spelling);
    if (within === undefined) continue;
    const { inner, prefix, rest } = within;
    const matches = globMatcher(rest);
    const chosen = (await inner.entries()).filter(({ name }) => matches(name));
    found ||= chosen.length > 0 || rest === '';
    const known = new Set(selected.map(({ path }) => path));
    for (const entry of chosen) {
      const path = prefix + entry.name;
      if (!known.has(path)) selected.push({ archive: inner, entry, path });
    }
  }
  if (!found) throw notFound(pattern);
  return selected;
}

/**
 * The one entry that a path names, nested archives included; of several with the same name the last. Spelled as for
 * {@link selectEntries}.
 *
 * @throws NotFoundError when there is none; UnsafeError when its spellings name several
 */
export async function selectEntry(archive: Archive, path: string): Promise<Selected> {
  const found: Selected[] = [];
  for (const spelling of spellings(path)) {
    const within = await descend(archive, spelling);
    const entry = await within?.inner.find(within.rest);
    if (within !== undefined && entry !== undefined)
      found.push({ archive: within.inner, entry, path: spelling });
  }
  const one = requireOne(path, found, (each) => each.path);
  if (one === undefined) throw notFound(path);
  return one;
}

/**
 * The only one of what the spellings of a name found; undefined when there is none. Whoever made the archive chose the
 * names: one of several may be there to be taken for another.
 *
 * @throws UnsafeError when there are several
 */
export function requireOne<T>(
  wanted: string,
  found: readonly T[],
  nameOf: (one: T) => string,
): T | undefined {
  const [first, second] = found;
  if (first === undefined || second === undefined) return first;
  throw new UnsafeError(
    `${wanted} may mean ${nameOf(first)} or ${nameOf(second)}, and both are in the archive`,
    {
      remedy: "write a backslash of a name twice, and a byte as itself (in bash: $'a\\xff')",
    },
  );
}

const notFound = (path: string): NotFoundError =>
  new NotFoundError(`no entry ${path} in the archive`, { remedy: 'coldcase ls lists what is there' });

/** The archive that a path leads into, and the path in it; undefined when an archive on the way is not there. */
async function descend(
  archive: Archive,
  path: string,
): Promise<{ inner: Archive; prefix: string; rest: string } | undefined> {
  const [name, within] = splitNested(path);
  // A tar may hold names with two slashes in a row; what is there as it stands goes first.
  if (within === undefined || (await archive.find(path)) !== undefined) {
    return { inner: archive, prefix: '', rest: path };
  }
  if ((await archive.find(name)) === undefined) return undefined;
  const inner = await openNested(archive, name);
  const deeper = await descend(inner, within);
  return deeper && { ...deeper, prefix: nestedName(name, deeper.prefix) };
}

/**
 * Opens an entry that is a tar itself, such as rootfs-diff.tar. It reads through the outer archive, and need not
 * be closed.
 *
 * @throws NotFoundError when there is no such entry; FormatError when it is no archive
 */
export async function openNested(archive: Archive, name: string): Promise<Archive> {
  const entry = await archive.find(name);
  if (entry === undefined) throw notFound(name);
  const source = archive.open(entry);
  // An empty layer diff is written as an empty file by some engines.
  const location = nestedName(archive.location, name);
  return source.size === 0 ? emptyArchive(location) : openArchiveSource(source, location);
}

function emptyArchive(location: string): Archive {
  const facts = {
    storedSize: 0,
    encrypted: false,
    compression: 'none',
    tarSize: 0,
    endMarked: false,
  } as const;
  const nothing = { name: location, size: 0, read: async () => new Uint8Array(0), close: async () => {} };
  return makeArchive(location, facts, [], nothing);
}

/** Whether a name matches a pattern in any of its spellings. */
export function spelledMatcher(pattern: string): (name: string) => boolean {
  const matchers = spellings(pattern).map(globMatcher);
  return (name) => matchers.some((matches) => matches(name));
}
