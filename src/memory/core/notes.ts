import { encodeText } from '../../base/text.js';
import { FieldWriter } from './writer.js';

/** Note types of core files (include/uapi/linux/elf.h). */
export const NoteType = {
  prstatus: 1,
  fpregset: 2,
  prpsinfo: 3,
  auxv: 6,
  siginfo: 0x53494749,
  file: 0x46494c45,
  x86Xstate: 0x202,
  armTls: 0x401,
} as const;

/** A note of an ELF file: who defines its type, the type, and its contents. */
export interface Note {
  readonly owner: 'CORE' | 'LINUX';
  readonly type: number;
  readonly contents: Uint8Array;
}

/** Bytes of notes as a PT_NOTE segment holds them: header, owner and contents each padded to 4 bytes. */
export function encodeNotes(notes: readonly Note[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { owner, type, contents } of notes) {
    parts.push(
      new FieldWriter(12)
        .u32(owner.length + 1)
        .u32(contents.length)
        .u32(type).bytes,
    );
    parts.push(new FieldWriter(8).text(owner, 8).bytes, contents, Buffer.alloc(-contents.length & 3));
  }
  return Buffer.concat(parts);
}

/** What the kernel would say of a thread that dumped core. */
export interface ThreadStatus {
  readonly tid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Signal that is being delivered; 0 for none. */
  readonly signal: number;
  /** Blocked signals, bit N-1 for signal N. */
  readonly blocked: bigint;
  readonly registers: Uint8Array;
}

/** `struct elf_prstatus` of 64-bit Linux: 112 bytes, the registers, `pr_fpvalid` padded to 8. */
export function prstatus(thread: ThreadStatus): Note {
  const { registers } = thread;
  const writer = new FieldWriter(112 + registers.length + 8);
  writer.u32(thread.signal).to(12).u16(thread.signal).to(24).u64(thread.blocked);
  writer.u32(thread.tid).u32(thread.ppid).u32(thread.pgid).u32(thread.sid);
  writer.bytes.set(registers, 112);
  writer.to(112 + registers.length).u32(1);
  return { owner: 'CORE', type: NoteType.prstatus, contents: writer.bytes };
}

/** What the kernel would say of a process that dumped core. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly uid: number;
  readonly gid: number;
  readonly nice: number;
  /** PF_* flags of the task. */
  readonly flags: number;
  /** State letter as in ps: R, S, T, Z. */
  readonly state: 'R' | 'S' | 'T' | 'Z';
  readonly comm: string;
  /** Command line, arguments separated by spaces. */
  readonly args: Uint8Array;
}

/** `struct elf_prpsinfo` of 64-bit Linux, 136 bytes. */
export function prpsinfo(process: ProcessInfo): Note {
  const writer = new FieldWriter(136);
  writer.u8('RSDTZW'.indexOf(process.state)).u8(process.state.charCodeAt(0));
  writer.u8(process.state === 'Z' ? 1 : 0).u8(process.nice);
  writer.to(8).u64(process.flags).u32(process.uid).u32(process.gid);
  writer.u32(process.pid).u32(process.ppid).u32(process.pgid).u32(process.sid);
  writer.text(process.comm, 16).text(process.args, 80);
  return { owner: 'CORE', type: NoteType.prpsinfo, contents: writer.bytes };
}

/** NT_AUXV: the auxiliary vector as the process got it, AT_NULL at its end. */
export function auxv(values: readonly bigint[]): Note {
  const ended = values.length >= 2 && values.at(-2) === 0n;
  const writer = new FieldWriter((values.length + (ended ? 0 : 2)) * 8);
  return { owner: 'CORE', type: NoteType.auxv, contents: writer.u64s(values, values.length).bytes };
}

/** A mapping of a file, for NT_FILE. */
export interface FileMapping {
  readonly start: bigint;
  readonly end: bigint;
  /** Offset in the file, in bytes. */
  readonly offset: bigint;
  readonly path: string;
}

/** NT_FILE: which files are mapped where. Offsets are in pages of the given size, as in the kernel's own cores. */
export function fileMappings(mappings: readonly FileMapping[], pageSize: number): Note {
  const head = new FieldWriter(16 + 24 * mappings.length).u64(mappings.length).u64(pageSize);
  for (const { start, end, offset } of mappings)
    head
      .u64(start)
      .u64(end)
      .u64(offset / BigInt(pageSize));
  const names = encodeText(mappings.map(({ path }) => `${path.replaceAll('\0', '')}\0`).join(''));
  return { owner: 'CORE', type: NoteType.file, contents: Buffer.concat([head.bytes, names]) };
}
