import type { Archive } from '../archive/archive.js';
import { ColdcaseError, FormatError, InterruptedError, NotFoundError } from '../base/errors.js';
import { AddressSpace, type DeletedFile, type MappedObjects, type Vma, VmaStatus } from './address-space.js';
import { readGhostFile } from './ghost-file.js';
import { type CriuImage, collectEntries, openImage } from './image.js';
import type { EntryOf, ImageKind } from './kinds.js';
import { checkVmas, pageSizeOf } from './mm-checks.js';
import type { PageLayer, PagesImage } from './page-layers.js';
import { type PagemapLimits, type PageRun, PageRuns } from './pagemap.js';
import { scanPagemap } from './pagemap-scan.js';
import type { FileEntry } from './schema/fdinfo.js';
import type { MemfdInodeEntry } from './schema/files.js';
import type { MmEntry } from './schema/memory.js';

/** A chain of incremental checkpoints longer than this is refused. */
const MAX_PARENTS = 64;

/** Parts of sparse deleted files that are kept, of all files together. */
const MAX_GHOST_EXTENTS = 200_000;

/** A deleted file's contents, or why they cannot be read; undefined when the archive has none. */
type Ghost = DeletedFile | { readonly problem: string } | undefined;

/** The memory of one process, and what the kernel kept beside it. */
export interface ProcessMemory {
  readonly pid: number;
  readonly space: AddressSpace;
  readonly mm: MmEntry;
}

/** Images that somebody decodes once for everybody, by their names without `.img`; none when there is no such image. */
export interface DecodedImages {
  entries<K extends ImageKind>(kind: K, name: string): Promise<readonly EntryOf<K>[]>;
}

/** The memory in an archive: of every process, and the objects that processes share, which are opened once each. */
export class MemoryImages {
  readonly #archive: Archive;
  readonly #directory: string;
  readonly #decoded: DecodedImages | undefined;
  readonly #layers = new Map<string, Promise<PageLayer | undefined>>();
  readonly #ghosts = new Map<number, Promise<Ghost>>();
  #ghostExtents = 0;
  #remaps: Promise<ReadonlyMap<number, number>> | undefined;
  #files: Promise<ReadonlyMap<number, FileEntry>> | undefined;
  #memfds: Promise<ReadonlyMap<number, MemfdInodeEntry>> | undefined;

  /**
   * @param directory - where CRIU's images are in the archive, with a slash at its end: `checkpoint/`
   * @param decoded - who has decoded images already, if anybody: then no image is decoded, and kept, twice
   */
  constructor(archive: Archive, directory = 'checkpoint/', decoded?: DecodedImages) {
    this.#archive = archive;
    this.#directory = directory;
    this.#decoded = decoded;
  }

  /**
   * The memory of a process.
   *
   * @throws NotFoundError when there is no process of that PID, or it has no memory (a zombie)
   * @throws FormatError when its mappings or its pagemap make no sense
   */
  async process(pid: number): Promise<ProcessMemory> {
    const name = `mm-${pid}.img`;
    const [mm] = (await this.#entries(name, 'MM')) ?? [];
    if (mm === undefined) throw await this.#noMemory(pid);
    const vmas = checkVmas(mm.vmas, this.#path(name));
    const pageSize = pageSizeOf(mm, this.#path(name));
    // read anew each time: there are as many as processes
    const own = await this.#readLayer(`pagemap-${pid}.img`, pageSize, [this.#directory]);
    const objects = await this.#mappedObjects(vmas, pageSize);
    const space = new AddressSpace(
      vmas,
      own ?? { runs: [], pages: undefined, parent: undefined },
      objects,
      pageSize,
    );
    return { pid, space, mm };
  }

  /** The processes of the checkpoint that have memory, in the order of `pstree.img`, with their names. */
  async processes(): Promise<readonly { readonly pid: number; readonly comm: string }[]> {
    const found: { pid: number; comm: string }[] = [];
    for (const { pid } of (await this.#entries('pstree.img', 'PSTREE')) ?? []) {
      if ((await this.#archive.find(this.#path(`mm-${pid}.img`))) === undefined) continue;
      found.push({ pid, comm: (await this.core(pid))?.tc?.comm ?? '' });
    }
    return found;
  }

  /** What CRIU kept of a thread (`core-TID.img`). */
  async core(tid: number): Promise<EntryOf<'CORE'> | undefined> {
    return (await this.#entries(`core-${tid}.img`, 'CORE'))?.[0];
  }

  /** The process of that PID in the tree (`pstree.img`). */
  async treeEntry(pid: number): Promise<EntryOf<'PSTREE'> | undefined> {
    return (await this.#entries('pstree.img', 'PSTREE'))?.find((entry) => entry.pid === pid);
  }

  /** The pages of a shared memory object (`pagemap-shmem-ID.img`); undefined when the archive has none. */
  sharedPages(id: bigint | number, pageSize: number): Promise<PageLayer | undefined> {
    return this.#layer(`pagemap-shmem-${id}.img`, pageSize);
  }

  /** Open files and mapped files by id (`files.img`); empty when the archive has none. */
  files(): Promise<ReadonlyMap<number, FileEntry>> {
    this.#files ??= this.#entries('files.img', 'FILES').then(
      (entries) => new Map((entries ?? []).map((entry) => [entry.id, entry])),
    );
    return this.#files;
  }

  /** memfds, and anonymous shared memory, which the kernel keeps the same way, by inode id (`memfd.img`). */
  memfds(): Promise<ReadonlyMap<number, MemfdInodeEntry>> {
    this.#memfds ??= this.#entries('memfd.img', 'MEMFD_INODE').then(
      (entries) => new Map((entries ?? []).map((entry) => [Number(entry.inode_id), entry])),
    );
    return this.#memfds;
  }

  async #mappedObjects(vmas: readonly Vma[], pageSize: number): Promise<MappedObjects> {
    const files = await this.files();
    const memfds = await this.memfds();
    const memfdOf = (vma: Vma): MemfdInodeEntry | undefined => {
      const inode = files.get(Number(vma.shmid))?.memfd?.inode_id;
      return inode === undefined ? undefined : memfds.get(inode);
    };
    const idOf = (vma: Vma): bigint | undefined => {
      if (!(vma.status & VmaStatus.memfd)) return vma.shmid;
      const inode = memfdOf(vma);
      return inode === undefined ? undefined : BigInt(inode.shmid);
    };
    const layers = new Map<bigint, PageLayer | undefined>();
    for (const vma of vmas) {
      if (!(vma.status & (VmaStatus.memfd | VmaStatus.anonShared | VmaStatus.sysvIpc))) continue;
      const id = idOf(vma);
      if (id !== undefined && !layers.has(id)) layers.set(id, await this.sharedPages(id, pageSize));
    }
    const ghosts = await this.#mappedGhosts(vmas);
    return {
      shared: (vma) => layers.get(idOf(vma) ?? -1n),
      deleted: (vma) => ghosts.get(vma.shmid),
      path: (vma) => {
        const memfd = vma.status & VmaStatus.memfd ? memfdOf(vma) : undefined;
        if (memfd !== undefined)
          return memfd.name === '/dev/zero' ? '[anon shared]' : `/memfd:${memfd.name} (deleted)`;
        return files.get(Number(vma.shmid))?.reg?.name ?? '';
      },
    };
  }

  /** The deleted files among those that are mapped, by the id of the file. */
  async #mappedGhosts(vmas: readonly Vma[]): Promise<ReadonlyMap<bigint, Ghost>> {
    const mapped = vmas.filter(({ status }) => status & (VmaStatus.filePrivate | VmaStatus.fileShared));
    const ghosts = new Map<bigint, Ghost>();
    if (mapped.length === 0) return ghosts;
    this.#remaps ??= this.#entries('remap-fpath.img', 'REMAP_FPATH').then((entries) => {
      const deleted = (entries ?? []).filter(({ remap_type }) => (remap_type ?? 'GHOST') === 'GHOST');
      return new Map(deleted.map(({ orig_id, remap_id }) => [orig_id, remap_id]));
    });
    const remaps = await this.#remaps;
    for (const { shmid } of mapped) {
      const number = remaps.get(Number(shmid));
      if (number !== undefined && !ghosts.has(shmid)) ghosts.set(shmid, await this.#ghost(number));
    }
    return ghosts;
  }

  #ghost(number: number): Promise<Ghost> {
    let ghost = this.#ghosts.get(number);
    if (ghost === undefined) {
      ghost = this.#readGhost(`${this.#directory}ghost-file-${number.toString(16)}.img`);
      this.#ghosts.set(number, ghost);
    }
    return ghost;
  }

  /** A copy that makes no sense takes away the pages of that file only, and is told where one of them is wanted. */
  async #readGhost(path: string): Promise<Ghost> {
    try {
      const image = await this.#pages(path);
      if (image === undefined) return undefined;
      const opened = await openImage(image.source, 'GHOST_FILE');
      const ghost = await readGhostFile(opened, MAX_GHOST_EXTENTS - this.#ghostExtents);
      if (ghost === undefined) return undefined;
      this.#ghostExtents += ghost.extents.length;
      return { image, extents: ghost.extents, size: ghost.size };
    } catch (error) {
      if (!(error instanceof ColdcaseError) || error instanceof InterruptedError) throw error;
      return { problem: error.message };
    }
  }

  /** A pagemap with its pages and its parents. */
  #layer(name: string, pageSize: number): Promise<PageLayer | undefined> {
    let layer = this.#layers.get(name);
    if (layer === undefined) {
      layer = this.#readLayer(name, pageSize, [this.#directory]);
      this.#layers.set(name, layer);
    }
    return layer;
  }

  /** @param chain - the image directories from the archive's own to the parent that is to be read */
  async #readLayer(name: string, pageSize: number, chain: readonly string[]): Promise<PageLayer | undefined> {
    const directory = chain.at(-1) ?? '';
    const path = `${directory}${name}`;
    const entry = await this.#archive.find(path);
    if (entry === undefined) return undefined;
    const image = await openImage(this.#archive.open(entry), 'PAGEMAP');
    const { value: head } = await image.head();
    const pages = await this.#pages(`${directory}pages-${head.pages_id}.img`);
    const runs = await readRuns(image, { name: image.name, pageSize, pagesSize: pages?.source.size });
    const parentDirectory = await this.#parentOf(directory);
    if (parentDirectory === undefined) return { runs, pages, parent: undefined };
    if (chain.length === MAX_PARENTS || chain.includes(parentDirectory)) {
      throw new FormatError(path, undefined, `has more than ${MAX_PARENTS} parents, or is its own`);
    }
    const parent = await this.#readLayer(name, pageSize, [...chain, parentDirectory]);
    return { runs, pages, parent };
  }

  async #pages(name: string): Promise<PagesImage | undefined> {
    const entry = await this.#archive.find(name);
    if (entry === undefined) return undefined;
    const archiveOffset = entry.sparse === undefined && entry.type === 'file' ? entry.dataOffset : undefined;
    return { name, source: this.#archive.open(entry), archiveOffset };
  }

  /** Where the link `parent` leads, which CRIU makes for incremental checkpoints; undefined without one. */
  async #parentOf(directory: string): Promise<string | undefined> {
    const link = await this.#archive.find(`${directory}parent`);
    if (link?.type === 'directory') return `${directory}parent/`;
    if (link?.type !== 'symlink' || link.linkName === undefined) return undefined;
    return resolveDirectory(directory, link.linkName);
  }

  async #entries<K extends ImageKind>(name: string, kind: K): Promise<readonly EntryOf<K>[] | undefined> {
    if (this.#decoded !== undefined) return this.#decoded.entries(kind, name.replace(/\.img$/, ''));
    const entry = await this.#archive.find(this.#path(name));
    if (entry === undefined || entry.size === 0) return undefined;
    return collectEntries(await openImage(this.#archive.open(entry), kind));
  }

  #path(name: string): string {
    return `${this.#directory}${name}`;
  }

  /** Why a PID has no memory here. */
  async #noMemory(pid: number): Promise<NotFoundError> {
    for (const process of (await this.#entries('pstree.img', 'PSTREE')) ?? []) {
      if (process.pid === pid) {
        return new NotFoundError(`process ${pid} has no memory in the archive: it is a zombie`, {
          remedy: 'coldcase ps lists the processes and their states',
        });
      }
      if (process.threads.includes(pid)) {
        return new NotFoundError(`${pid} is a thread of process ${process.pid}`, {
          remedy: `its memory is that of its process: --pid ${process.pid}`,
        });
      }
    }
    return new NotFoundError(`there is no process ${pid} in the archive`, {
      remedy: 'coldcase ps lists the processes',
    });
  }
}

/** The runs of a pagemap, by the narrow reader as far as that goes. */
async function readRuns(image: CriuImage<'PAGEMAP'>, limits: PagemapLimits): Promise<readonly PageRun[]> {
  const scanned = new PageRuns(limits);
  if (await scanPagemap(image.source, image.start, (entry, at) => scanned.add(entry, at)))
    return scanned.runs;
  const runs = new PageRuns(limits);
  for await (const { value, offset } of image.entries()) runs.add(value, offset);
  return runs.runs;
}

/** A link's target as a directory of the archive; undefined when it leads out of it. */
function resolveDirectory(from: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  const path: string[] = [];
  for (const part of `${from}${target}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && path.pop() === undefined) return undefined;
    if (part !== '..') path.push(part);
  }
  return path.length === 0 ? '' : `${path.join('/')}/`;
}
