import type { Archive } from '../archive/archive.js';
import { openImage } from '../criu/image.js';
import type { DumpStatsEntry } from '../criu/schema/stats.js';

/** What the dump took, from CRIU's stats-dump. Times in microseconds. */
export interface DumpStatistics {
  readonly freezingTime: number;
  readonly frozenTime: number;
  readonly memdumpTime: number;
  readonly memwriteTime: number;
  readonly pagesScanned: bigint;
  readonly pagesSkippedParent: bigint;
  readonly pagesWritten: bigint;
  readonly pagesLazy: bigint;
  readonly sharedPagesScanned: bigint | undefined;
  readonly sharedPagesWritten: bigint | undefined;
}

/** Reads stats-dump, which engines put beside the images' folder; undefined when the archive has none. */
export async function readStatistics(archive: Archive): Promise<DumpStatistics | undefined> {
  const entry = (await archive.find('stats-dump')) ?? (await archive.find('checkpoint/stats-dump'));
  if (entry === undefined) return undefined;
  const image = await openImage(archive.open(entry), 'STATS');
  for await (const { value } of image.entries()) if (value.dump !== undefined) return fromEntry(value.dump);
  return undefined;
}

function fromEntry(dump: DumpStatsEntry): DumpStatistics {
  return {
    freezingTime: dump.freezing_time,
    frozenTime: dump.frozen_time,
    memdumpTime: dump.memdump_time,
    memwriteTime: dump.memwrite_time,
    pagesScanned: dump.pages_scanned,
    pagesSkippedParent: dump.pages_skipped_parent,
    pagesWritten: dump.pages_written,
    pagesLazy: dump.pages_lazy ?? 0n, // CRIU before 3.5 knew no lazy pages
    sharedPagesScanned: dump.shpages_scanned,
    sharedPagesWritten: dump.shpages_written,
  };
}

/** Sizes of what is in an archive, in bytes of contents. */
export interface ArchiveSizes {
  /** All of CRIU's images. */
  readonly checkpoint: number;
  readonly memoryPages: number;
  /** Memory of AMD GPUs, which a plugin of CRIU dumps. */
  readonly amdGpuPages: number;
  readonly rootFsDiff: number;
}

export async function readSizes(archive: Archive, folder: string): Promise<ArchiveSizes> {
  const files = (await archive.entries()).filter(({ type }) => type === 'file');
  const sum = (prefix: string): number =>
    files.reduce((total, { name, size }) => (name.startsWith(prefix) ? total + size : total), 0);
  return {
    checkpoint: sum(folder),
    memoryPages: sum(`${folder}pages-`),
    amdGpuPages: sum(`${folder}amdgpu-pages-`),
    rootFsDiff: sum('rootfs-diff.tar'),
  };
}
