import type { AddressSpace, Segment, Vma } from '../../criu/address-space.js';
import { isLost } from '../summary.js';
import { encodeNotes, type Note } from './notes.js';
import { FieldWriter } from './writer.js';

const EHDR = 64;
const PHDR = 56;
const SHDR = 64;
/** `e_phnum` when there are more program headers than it holds; section header 0 then has the count (elf(5)). */
const PN_XNUM = 0xffff;
const PT_LOAD = 1;
const PT_NOTE = 4;
const ET_CORE = 4;

/**
 * Memory that was never written is put into a core file as a hole of the file, up to this many bytes for each
 * piece; larger reservations (of garbage collectors, of sanitizers) would make files that no file system takes.
 */
const MAX_HOLE = 1n << 32n;

/** Numbers of machines (EM_* in elf.h). */
export const Machine = { x86_64: 62, aarch64: 183 } as const;

/** A part of a core file taken from the archive: `from` and `to` of the address space, at `position` in the file. */
export interface CorePart {
  readonly segment: Segment;
  readonly position: number;
}

/** A core file before its memory is read. */
export interface CoreLayout {
  /** Everything in front of the memory: headers and notes. */
  readonly head: Buffer;
  /** What to write where; anything else up to `size` is a hole. */
  readonly parts: readonly CorePart[];
  readonly size: number;
  /** Bytes of mappings that the archive does not hold and the core file therefore only names. */
  readonly missing: bigint;
  /** Of these, what was dumped and should be in the archive. */
  readonly lost: bigint;
  /** What is wrong with copies of deleted files that the archive has, and whose pages are missing for that. */
  readonly problems: readonly string[];
}

interface Load {
  readonly vma: Vma;
  readonly start: bigint;
  end: bigint;
  /** Whether the file holds the contents. */
  readonly held: boolean;
  readonly segments: Segment[];
}

/** Lays out a core file: ELF header, program headers, notes, then the memory that the archive holds. */
export function layOutCore(space: AddressSpace, machine: number, notes: readonly Note[]): CoreLayout {
  const loads = [...loadSegments(space)];
  const note = encodeNotes(notes);
  const count = loads.length + 1;
  const extended = count >= PN_XNUM;
  const noteStart = EHDR + count * PHDR + (extended ? SHDR : 0);
  const align = space.pageSize;
  const dataStart = alignUp(noteStart + note.length, align);

  const head = new FieldWriter(dataStart);
  head.bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]); // 64-bit, little-endian, version 1, System V
  head.to(16).u16(ET_CORE).u16(machine).u32(1).u64(0).u64(EHDR);
  head
    .u64(extended ? EHDR + count * PHDR : 0)
    .u32(0)
    .u16(EHDR)
    .u16(PHDR)
    .u16(extended ? PN_XNUM : count);
  head
    .u16(extended ? SHDR : 0)
    .u16(extended ? 1 : 0)
    .u16(0);

  head.to(EHDR).u32(PT_NOTE).u32(0).u64(noteStart).u64(0).u64(0).u64(note.length).u64(0).u64(4);
  const parts: CorePart[] = [];
  let position = dataStart;
  let missing = 0n;
  let lost = 0n;
  const problems = new Set<string>();
  for (const load of loads) {
    const size = load.end - load.start;
    head.u32(PT_LOAD).u32(elfFlags(load.vma.prot)).u64(position).u64(load.start).u64(0);
    head
      .u64(load.held ? size : 0)
      .u64(size)
      .u64(align);
    if (!load.held) {
      missing += size;
      for (const { start, end, backing } of load.segments) {
        if (isLost(backing)) lost += end - start;
        if (backing.kind === 'file' && backing.problem !== undefined) problems.add(backing.problem);
      }
      continue;
    }
    for (const segment of load.segments) {
      if (segment.backing.kind === 'zero') continue;
      parts.push({ segment, position: position + Number(segment.start - load.start) });
    }
    position = alignUp(position + Number(size), align);
  }
  if (extended) head.to(EHDR + count * PHDR + 44).u32(count); // sh_info
  head.bytes.set(note, noteStart);
  return { head: head.bytes, parts, size: position, missing, lost, problems: [...problems] };
}

function alignUp(position: number, align: number): number {
  return Math.ceil(position / align) * align;
}

/** Pieces of mappings that are either held or not: one PT_LOAD each. */
function* loadSegments(space: AddressSpace): Generator<Load> {
  let load: Load | undefined;
  for (const segment of space.segments()) {
    const held = isHeld(segment, space.pageSize);
    if (load !== undefined && load.vma === segment.vma && load.held === held) {
      load.end = segment.end;
      load.segments.push(segment);
      continue;
    }
    if (load !== undefined) yield load;
    load = { vma: segment.vma, start: segment.start, end: segment.end, held, segments: [segment] };
  }
  if (load !== undefined) yield load;
}

/**
 * As the kernel does, reserved address space that nothing may touch is left out. Zeros shorter than a page are the
 * rest of a file's last page.
 */
function isHeld({ start, end, vma, backing }: Segment, pageSize: number): boolean {
  if (backing.kind === 'pages') return true;
  if (backing.kind !== 'zero') return false;
  return end - start < BigInt(pageSize) || (vma.prot !== 0 && end - start <= MAX_HOLE);
}

/** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4 as PF_R 4, PF_W 2, PF_X 1. */
function elfFlags(prot: number): number {
  return (prot & 1 ? 4 : 0) | (prot & 2) | (prot & 4 ? 1 : 0);
}
