import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { readGhostFile } from '../criu/ghost-file.js';
import type { GhostFileEntry } from '../criu/schema/files.js';
import type { Holders } from './holders.js';
import { type Recovered, safePath } from './recovered.js';
import { extentSource } from './sources.js';

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
    const ids = ghosts.get(remap.remap_id);
    if (ids === undefined) ghosts.set(remap.remap_id, [remap.orig_id]);
    else ids.push(remap.orig_id);
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
  const found = await readGhostFile(image);
  if (found === undefined) return undefined;
  const { head, size, extents } = found;
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

function modified(head: GhostFileEntry): number | undefined {
  const { mtim } = head;
  return mtim === undefined ? undefined : Number(mtim.tv_sec) + Number(mtim.tv_usec) / 1e6;
}
