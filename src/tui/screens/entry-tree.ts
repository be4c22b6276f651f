import type { Archive, ArchiveEntry } from '../../archive/archive.js';
import { modeText } from '../../archive/mode.js';
import { NESTED } from '../../archive/nested.js';
import { formatSize } from '../../base/units.js';
import type { Item, OutlineContent, Tone } from '../core/outline.js';
import { entryPlace } from '../core/place.js';
import type { LoadContext } from '../core/state.js';
import { branch, openPaths, sourceExtract, timeText } from './items.js';
import { pathTree } from './path-tree.js';

const SETUID_OR_SETGID = 0o6000;

const ENTRY_COLUMNS = [
  { header: 'NAME', squeeze: 1 },
  { header: 'SIZE', align: 'right' as const },
  { header: 'MODE' },
  { header: 'OWNER', squeeze: 3 },
  { header: 'MODIFIED', squeeze: 4, least: 20 },
];

/** Entries of an archive as a tree of directories. Files that run with other rights than their caller's are marked. */
export async function entryTree(
  entries: readonly ArchiveEntry[],
  subjectOf: (name: string) => string,
  archive: Archive,
  context: LoadContext,
  more: { readonly extra?: readonly Item[]; readonly note?: string } = {},
): Promise<OutlineContent> {
  const describe = (name: string, entry: ArchiveEntry | undefined, isDirectory: boolean): Partial<Item> => {
    if (entry === undefined) return { cells: [isDirectory ? `${name}/` : name, '', '', '', ''] };
    return entryItem(name, entry, subjectOf(entry.name), archive, isDirectory);
  };
  const tree = await pathTree(entries, (entry) => entry.name, describe, context.signal);
  const extra = more.extra ?? [];
  const root: Item = {
    cells: [],
    count: extra.length + tree.count,
    child: (index) => extra[index] ?? tree.child?.(index - extra.length) ?? branch([], []),
  };
  return {
    kind: 'outline',
    columns: ENTRY_COLUMNS,
    root,
    open: openPaths(root, OPEN_ROWS),
    empty: 'no entries',
    note: more.note,
  };
}

function entryItem(
  name: string,
  entry: ArchiveEntry,
  subject: string,
  archive: Archive,
  isDirectory: boolean,
): Partial<Item> {
  const risky = entry.type === 'file' && (entry.mode & SETUID_OR_SETGID) !== 0;
  const label = entry.linkName === undefined ? name : `${name} -> ${entry.linkName}`;
  const hasContents = entry.type === 'file' || entry.type === 'hardlink';
  const tone: Tone | undefined = risky ? 'bad' : undefined;
  return {
    cells: [
      isDirectory || entry.type === 'directory' ? `${label}/` : label,
      hasContents ? formatSize(entry.size) : '',
      modeText(entry.type, entry.mode),
      `${entry.uid}:${entry.gid}`,
      timeText(entry.mtime),
    ],
    id: entry.name,
    tone,
    mark: risky ? '!' : undefined,
    copy: entry.name,
    place: hasContents && !isDirectory ? placeOf(subject) : undefined,
    extract: hasContents ? sourceExtract(entry.name, entry.size, () => archive.open(entry)) : undefined,
  };
}

function placeOf(subject: string): Item['place'] {
  return subject.includes(NESTED) ? { page: 'entry', subject } : entryPlace(subject);
}

/** Small trees are shown open. */
const OPEN_ROWS = 40;
