import { FormatError } from '../base/errors.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { CriuImage } from '../criu/image.js';
import type { GhostFileEntry } from '../criu/schema/files.js';
import type { Holders } from './holders.js';
import { type Recovered, safePath } from './recovered.js';
import { type Extent, extentSource, requireSize } from './sources.js';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** Runs of one sparse ghost file; CRIU dumps files of at most 1 MiB by default, so a few hundred at most. */
const MAX_EXTENTS = 1_000_000;

/**
 * Deleted files that processes have open, mapped or as their executable. CRIU keeps their contents as "ghost files"
 * and says in remap-fpath.img whose path they are. One that makes no sense is reported; the others are found.
 */
export async function* deletedFiles(
  checkpoint: Checkpoint,
  holders: Holders,
  report: (error: unknown) => void,
): AsyncGenerator<Recovered> {
  const { remaps } = await checkpoint.fileTable();
  /** By ghost, the ids of the files that are it. */
  const ghosts = new Map<number, number[]>();
  for (const remap of remaps.values()) {
    if ((remap.remap_type ?? 'GHOST') !== 'GHOST') continue;
    ghosts.set(remap.remap_id, [...(ghosts.get(remap.remap_id) ?? []), remap.orig_id]);
  }
  for (const [ghost, ids] of ghosts) {
    try {
      const found = await ghostFile(checkpoint, holders, ghost, ids);
      if (found !== undefined) yield found;
    } catch (error) {
      report(error);
    }
  }
}

/** One ghost file by its number; undefined when the archive does not hold it, or it is one without contents. */
async function ghostFile(
  checkpoint: Checkpoint,
  holders: Holders,
  ghost: number,
  ids: readonly number[],
): Promise<Recovered | undefined> {
  const folder = await checkpoint.images.folder();
  const { files } = await checkpoint.fileTable();
  const image = await checkpoint.images.open('GHOST_FILE', `ghost-file-${ghost.toString(16)}`);
  if (image === undefined) return undefined;
  const { value: head, extra } = await image.head();
  if ((head.mode & S_IFMT) !== S_IFREG) return undefined; // a directory, FIFO, device or link holds no data
  const data = extra?.kind === 'bytes' ? [{ at: 0, length: extra.data.length, from: extra.data.offset }] : [];
  const extents = head.chunks === true ? await chunkExtents(image) : data;
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.at + last.length;
  const size = head.size === undefined ? end : requireSize(head.size, image.name);
  if (end > size) throw new FormatError(image.name, undefined, `has data behind its ${size} bytes`);
  const name = ids.map((id) => files.get(id)?.reg?.name).find((path) => path !== undefined) ?? '';
  const who = holders.ofFiles(ids);
  const kind = who.some(({ by }) => by === 'exe') ? 'deleted-executable' : 'deleted-file';
  return {
    ...{ kind, name, size, holders: who, mode: head.mode & 0o7777 },
    ...{ owner: { uid: head.uid, gid: head.gid }, mtime: modified(head) },
    image: `${folder}ghost-file-${ghost.toString(16)}.img`,
    path: safePath('deleted', name),
    runs: extents.map(({ at, length }) => ({ offset: at, length })),
    open: () => extentSource(image.source, extents, size, name),
  };
}

/** The parts of a sparse ghost file, ascending. */
async function chunkExtents(image: CriuImage<'GHOST_FILE'>): Promise<Extent[]> {
  const extents: Extent[] = [];
  let floor = 0;
  for await (const { value, offset, extra } of image.entries()) {
    const at = requireSize(value.off, image.name);
    if (at < floor)
      throw new FormatError(image.name, offset, 'parts of the file overlap or are out of order');
    if (extra?.kind !== 'bytes') continue;
    if (extents.length === MAX_EXTENTS)
      throw new FormatError(image.name, offset, 'the file has too many parts');
    extents.push({ at, length: extra.data.length, from: extra.data.offset });
    floor = at + extra.data.length;
  }
  return extents;
}

function modified(head: GhostFileEntry): number | undefined {
  const { mtim } = head;
  return mtim === undefined ? undefined : Number(mtim.tv_sec) + Number(mtim.tv_usec) / 1e6;
}
