import type { Archive, ArchiveEntry } from '../archive/archive.js';
import type { Selected } from '../archive/select.js';
import { copyEntries } from '../archive/tar-copy.js';
import { NotFoundError, UnsafeError, UsageError } from '../base/errors.js';
import { interrupted } from './interrupt.js';
import { LeftOut } from './left-out.js';
import { refuseTerminal } from './standard-output.js';
import { type TarOptions, writeTarPieces } from './tar-output.js';

interface WriteTarOptions extends TarOptions {
  readonly quiet?: true;
}

/**
 * Writes chosen entries as a tar. A file has its name only when it is complete.
 *
 * @throws NotFoundError when nothing is chosen; UnsafeError, after all else is written, when links were left out
 */
export async function writeTar(selected: readonly Selected[], options: WriteTarOptions): Promise<void> {
  const [first] = selected;
  if (first === undefined) throw new NotFoundError('no such entries in the archive');
  if (options.tar === '-') refuseTerminal('a tar');
  const { archive } = first;
  if (selected.some((each) => each.archive.location !== archive.location)) {
    throw new UsageError('the entries are of several archives within one another', {
      remedy: 'write one tar for each',
    });
  }
  const dangling = danglingLinks(selected);
  // a path that leads into an archive twice opens it twice: the entries are told by where they are
  const offsets = new Set(selected.filter((each) => !dangling.has(each)).map(({ entry }) => entry.offset));
  const chosen = new Set((await archive.entries()).filter(({ offset }) => offsets.has(offset)));
  if (chosen.size === 0) throw new UnsafeError('only hard links without their files are chosen');
  await writeTarPieces(copyEntries(archive, chosen, interrupted), options);
  reportDangling(dangling, selected.length, options);
}

/** Hard links whose file is not chosen, and that nobody could extract. */
function danglingLinks(selected: readonly Selected[]): ReadonlySet<Selected> {
  const offsets = new Set(selected.map(({ entry }) => entry.offset));
  return new Set(
    selected.filter(({ archive, entry }) => {
      if (entry.type !== 'hardlink') return false;
      const holder = holderOf(archive, entry);
      return holder === undefined || !offsets.has(holder.offset);
    }),
  );
}

function reportDangling(dangling: ReadonlySet<Selected>, total: number, { quiet }: WriteTarOptions): void {
  if (dangling.size === 0) return;
  const leftOut = new LeftOut(quiet === true);
  for (const { path, entry } of dangling) {
    leftOut.add(path, `a hard link to ${entry.linkName ?? ''}, which is not chosen`);
  }
  throw new UnsafeError(`${dangling.size} of ${total} entries were left out: links without their files`, {
    remedy: 'the others are in the tar; choose the files as well',
  });
}

function holderOf(archive: Archive, entry: ArchiveEntry): ArchiveEntry | undefined {
  try {
    return archive.resolve(entry);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
