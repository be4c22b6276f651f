import { bisectList } from '../base/bisect.js';
import { NotFoundError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import type { ByteSource } from '../bytes/source.js';
import { type GhostFile, ghostPieces } from './ghost-file.js';
import { type PageLayer, type PagesImage, pagePieces } from './page-layers.js';

/** Bits of a VMA's `status` (VMA_* in criu/include/image.h). */
export const VmaStatus = {
  regular: 1 << 0,
  stack: 1 << 1,
  vsyscall: 1 << 2,
  vdso: 1 << 3,
  heap: 1 << 5,
  filePrivate: 1 << 6,
  fileShared: 1 << 7,
  anonShared: 1 << 8,
  anonPrivate: 1 << 9,
  sysvIpc: 1 << 10,
  socket: 1 << 11,
  vvar: 1 << 12,
  aioRing: 1 << 13,
  memfd: 1 << 14,
  shadowStack: 1 << 15,
  guard: 1 << 16,
  uprobes: 1 << 17,
  plugin: 1 << 27,
} as const;

const MAP_GROWSDOWN = 0x100;

/** A mapping of a process: the fields of a decoded `vma_entry` that its contents depend on. */
export interface Vma {
  readonly start: bigint;
  readonly end: bigint;
  /** Offset in the mapped object, in bytes. */
  readonly pgoff: bigint;
  /** Of files, memfds and memory made by a file: the file's id; of other shared memory the id of its pagemap. */
  readonly shmid: bigint;
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  readonly prot: number;
  /** MAP_* flags. */
  readonly flags: number;
  readonly status: number;
}

/** Rights of a mapping as /proc/PID/maps shows them: `rw-p`, `r-xs`. */
export function vmaRights({ prot, flags }: Vma): string {
  const MAP_SHARED = 1;
  const rights = `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`;
  return `${rights}${flags & MAP_SHARED ? 's' : 'p'}`;
}

/** Why memory that a process had is not in the archive. */
export type Missing =
  /** In a parent checkpoint (incremental dump) that the archive does not hold. */
  | 'parent'
  /** Left with a page server (lazy migration). */
  | 'page-server'
  /** In a pages image that the archive does not hold: a copy that was made without memory. */
  | 'pages-image'
  /** The kernel's own (vvar, vsyscall) or a device's: CRIU never dumps it. */
  | 'kernel'
  /** Shared memory whose pagemap the archive does not hold. */
  | 'shared'
  /** Behind the last page of the mapped file, where the process would have been sent SIGBUS. */
  | 'behind-file';

/** What is behind a piece of an address space. */
export type Backing =
  | {
      readonly kind: 'pages';
      /** A pages image, or the image of a deleted file that is mapped. */
      readonly pages: PagesImage;
      readonly offset: number;
      /** Whether these are unchanged pages of a deleted file, taken from the copy of it that CRIU kept. */
      readonly deletedFile?: true;
    }
  /** Mapped and never written: reads as zeros. */
  | { readonly kind: 'zero' }
  /**
   * Unchanged contents of a mapped file, which CRIU leaves to the file itself; `problem` says what is wrong with the
   * copy of a deleted file that the archive has.
   */
  | { readonly kind: 'file'; readonly path: string; readonly offset: bigint; readonly problem?: string }
  | { readonly kind: 'missing'; readonly why: Missing };

/** A piece of one mapping with one kind of backing. */
export interface Segment {
  readonly start: bigint;
  readonly end: bigint;
  readonly vma: Vma;
  readonly backing: Backing;
}

/** A mapped file that was deleted, and that CRIU therefore kept whole: a ghost file. */
export interface DeletedFile extends Pick<GhostFile, 'extents' | 'size'> {
  readonly image: PagesImage;
}

/** Shared memory objects by the VMA that maps them, and names of mapped files. */
export interface MappedObjects {
  /** The pagemap of the shared memory behind a mapping; undefined when the archive has none. */
  shared(vma: Vma): PageLayer | undefined;
  /** The contents of the deleted file behind a mapping, or why they cannot be read; undefined for any other file. */
  deleted(vma: Vma): DeletedFile | { readonly problem: string } | undefined;
  /** Path of the file behind a mapping: untrusted text. */
  path(vma: Vma): string;
}

/** Memory that is mapped but whose contents the archive does not hold, or that is not mapped at all. */
export class NotInArchiveError extends NotFoundError {
  readonly address: bigint;

  constructor(address: bigint, problem: string, remedy?: string) {
    super(`memory at ${formatAddress(address)} ${problem}`, { remedy });
    this.address = address;
  }
}

/** The memory of one process as it was: every address, and what the archive knows of it. */
export class AddressSpace {
  /** Mappings in ascending order, checked not to overlap. */
  readonly vmas: readonly Vma[];
  readonly pageSize: number;
  readonly #own: PageLayer;
  readonly #objects: MappedObjects;

  constructor(vmas: readonly Vma[], own: PageLayer, objects: MappedObjects, pageSize: number) {
    this.vmas = vmas;
    this.pageSize = pageSize;
    this.#own = own;
    this.#objects = objects;
  }

  /** The mapping that holds an address. */
  vmaAt(address: bigint): Vma | undefined {
    const vma = this.vmas[this.#firstBehind(address)];
    return vma !== undefined && vma.start <= address ? vma : undefined;
  }

  /** What a mapping is called in /proc/PID/maps, or would be: a path, `[heap]`, `[anon]`. Untrusted text. */
  nameOf(vma: Vma): string {
    const { status, flags } = vma;
    if (status & VmaStatus.vsyscall) return '[vsyscall]';
    if (status & VmaStatus.vdso) return '[vdso]';
    if (status & VmaStatus.vvar) return '[vvar]';
    if (status & VmaStatus.heap) return '[heap]';
    if (status & VmaStatus.stack || flags & MAP_GROWSDOWN) return '[stack]';
    if (status & VmaStatus.sysvIpc) return `[sysv shm ${vma.shmid}]`;
    if (status & VmaStatus.anonShared) return '[anon shared]';
    if (status & VmaStatus.anonPrivate) return '[anon]';
    return this.#objects.path(vma) || '[unknown]';
  }

  /** What is behind [start, end), in ascending order; gaps between mappings are left out. */
  *segments(start = 0n, end = 1n << 64n): Generator<Segment> {
    for (let i = this.#firstBehind(start); ; i += 1) {
      const vma = this.vmas[i];
      if (vma === undefined || vma.start >= end) return;
      yield* this.#vmaSegments(vma, vma.start > start ? vma.start : start, vma.end < end ? vma.end : end);
    }
  }

  /**
   * Bytes at an address, across pages, runs and mappings.
   *
   * @throws NotInArchiveError when part of it is not mapped, or mapped but not in the archive
   */
  async read(address: bigint, length: number): Promise<Uint8Array> {
    const end = address + BigInt(length);
    const out = new Uint8Array(length);
    let at = address;
    for (const { start, end: to, backing } of this.segments(address, end)) {
      if (start > at) break;
      if (backing.kind === 'pages') {
        const bytes = await backing.pages.source.read(backing.offset, Number(to - start));
        out.set(bytes, Number(start - address));
      } else if (backing.kind !== 'zero') {
        throw notInArchive(start, backing);
      }
      at = to;
    }
    if (at < end) throw notInArchive(at, undefined);
    return out;
  }

  /** [start, end) as a source of bytes whose offset 0 is `start`; reads fail as {@link read} does. */
  source(start: bigint, end: bigint): ByteSource {
    const name = `memory ${formatAddress(start)}-${formatAddress(end)}`;
    return {
      name,
      size: Number(end - start),
      read: (offset, length) => this.read(start + BigInt(offset), length),
      close: () => Promise.resolve(),
    };
  }

  *#vmaSegments(vma: Vma, start: bigint, end: bigint): Generator<Segment> {
    for (const piece of pagePieces(this.#own, start, end)) {
      if (piece.kind === 'hole') yield* this.#holeSegments(vma, piece.start, piece.end);
      else yield { start: piece.start, end: piece.end, vma, backing: backingOf(piece) };
    }
  }

  /** Pages of a mapping that are not in the process's own pagemap. */
  *#holeSegments(vma: Vma, start: bigint, end: bigint): Generator<Segment> {
    const status = vma.status;
    if (status & (VmaStatus.memfd | VmaStatus.anonShared | VmaStatus.sysvIpc)) {
      yield* this.#sharedSegments(vma, start, end);
    } else if (status & (VmaStatus.vvar | VmaStatus.vsyscall | VmaStatus.socket | VmaStatus.plugin)) {
      yield { start, end, vma, backing: { kind: 'missing', why: 'kernel' } };
    } else if (status & (VmaStatus.filePrivate | VmaStatus.fileShared)) {
      yield* this.#fileSegments(vma, start, end);
    } else {
      yield { start, end, vma, backing: { kind: 'zero' } };
    }
  }

  /**
   * Pages of a mapped file that CRIU did not dump: they were as in the file when it was dumped, so that a deleted
   * file, which CRIU dumps itself, has them.
   */
  *#fileSegments(vma: Vma, start: bigint, end: bigint): Generator<Segment> {
    const shift = vma.start - vma.pgoff;
    const file = this.#objects.deleted(vma);
    if (file === undefined || 'problem' in file) {
      const backing = { kind: 'file' as const, path: this.#objects.path(vma), offset: start - shift };
      yield {
        start,
        end,
        vma,
        backing: file === undefined ? backing : { ...backing, problem: file.problem },
      };
      return;
    }
    for (const piece of ghostPieces(file, start - shift, end - shift, this.pageSize)) {
      const at = { start: piece.start + shift, end: piece.end + shift, vma };
      if (piece.kind === 'data') {
        const backing = { kind: 'pages' as const, pages: file.image, offset: piece.from };
        yield { ...at, backing: { ...backing, deletedFile: true } };
      } else {
        yield {
          ...at,
          backing: piece.kind === 'hole' ? { kind: 'zero' } : { kind: 'missing', why: 'behind-file' },
        };
      }
    }
  }

  *#sharedSegments(vma: Vma, start: bigint, end: bigint): Generator<Segment> {
    const layer = this.#objects.shared(vma);
    if (layer === undefined) {
      yield { start, end, vma, backing: { kind: 'missing', why: 'shared' } };
      return;
    }
    const shift = vma.start - vma.pgoff;
    for (const piece of pagePieces(layer, start - shift, end - shift)) {
      const backing: Backing = piece.kind === 'hole' ? { kind: 'zero' } : backingOf(piece);
      yield { start: piece.start + shift, end: piece.end + shift, vma, backing };
    }
  }

  #firstBehind(address: bigint): number {
    return bisectList(this.vmas, ({ end }) => end <= address);
  }
}

type Known =
  | { readonly kind: 'pages'; readonly pages: PagesImage; readonly offset: number }
  | { readonly kind: 'parent' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'stripped' };

/** What is behind pages that a pagemap lists. */
export function backingOf(piece: Known): Backing {
  if (piece.kind === 'pages') return { kind: 'pages', pages: piece.pages, offset: piece.offset };
  return { kind: 'missing', why: WHYS[piece.kind] };
}

const WHYS = { parent: 'parent', absent: 'page-server', stripped: 'pages-image' } as const;

const REASONS: Readonly<Record<Missing, string>> = {
  parent: 'is in a parent checkpoint that the archive does not hold',
  'page-server': 'was left with a page server and never written to the archive',
  'pages-image': 'is in a pages image that the archive does not hold: it is a copy without memory',
  kernel: "is the kernel's own or a device's, which CRIU does not dump",
  shared: 'is shared memory whose pages the archive does not hold',
  'behind-file': 'is behind the end of the mapped file, where the process could not read either',
};

const PARENT_REMEDY = 'put the images of the earlier checkpoint where the link "parent" of this one points';

/** The error for memory that cannot be read; without a backing it is not mapped. */
export function notInArchive(address: bigint, backing: Backing | undefined): NotInArchiveError {
  if (backing === undefined) return new NotInArchiveError(address, 'is not mapped');
  if (backing.kind === 'file' && backing.problem !== undefined) {
    const where = `offset ${formatAddress(backing.offset)} of the deleted file ${backing.path}`;
    return new NotInArchiveError(
      address,
      `is ${where}, whose copy in the archive cannot be read: ${backing.problem}`,
    );
  }
  if (backing.kind === 'file') {
    const problem = `is offset ${formatAddress(backing.offset)} of the file ${backing.path}, unchanged and so not dumped`;
    return new NotInArchiveError(address, problem, 'look it up in the file, in the image of the container');
  }
  const why = backing.kind === 'missing' ? backing.why : 'shared';
  return new NotInArchiveError(address, REASONS[why], why === 'parent' ? PARENT_REMEDY : undefined);
}
