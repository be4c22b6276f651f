import { FailedError, FormatError } from '../../base/errors.js';
import { encodeText } from '../../base/text.js';
import { VmaStatus } from '../../criu/address-space.js';
import type { MemoryImages, ProcessMemory } from '../../criu/memory.js';
import type { CoreEntry } from '../../criu/schema/core.js';
import { type CoreLayout, layOutCore, Machine } from './layout.js';
import {
  auxv,
  type FileMapping,
  fileMappings,
  type Note,
  NoteType,
  type ProcessInfo,
  prpsinfo,
  prstatus,
} from './notes.js';
import {
  aarch64FloatSet,
  aarch64RegisterSet,
  x86ExtendedState,
  x86FloatSet,
  x86RegisterSet,
} from './registers.js';
import { FieldWriter } from './writer.js';

/** TASK_STOPPED of criu/include/image.h. */
const TASK_STOPPED = 3;
/** Length of `siginfo_t`. */
const SIGINFO = 128;

/** A thread as its core image has it. */
interface Thread {
  readonly tid: number;
  readonly core: CoreEntry;
}

/**
 * A core file of a process: what the kernel would have written, had the process dumped core when it was
 * checkpointed. Nothing of its memory is read yet.
 *
 * @throws NotFoundError when there is no such process, or it has no memory
 * @throws FailedError for machines other than x86-64 and aarch64, and for 32-bit processes
 */
export async function buildCore(images: MemoryImages, pid: number): Promise<CoreLayout> {
  const memory = await images.process(pid);
  const tree = await images.treeEntry(pid);
  if (tree === undefined) throw new FormatError('pstree.img', undefined, `has no process ${pid}`);
  const threads: Thread[] = [];
  for (const tid of tree.threads) {
    const core = await images.core(tid);
    if (core === undefined) throw new FormatError(`core-${tid}.img`, undefined, 'not in the archive');
    threads.push({ tid, core });
  }
  const [leader, ...others] = threads;
  if (leader === undefined) throw new FormatError('pstree.img', undefined, `process ${pid} has no thread`);
  const notes = [
    statusNote(leader, tree),
    prpsinfo(await processInfo(memory, tree, leader.core)),
    ...signalNotes(leader.core),
    auxv(memory.mm.mm_saved_auxv),
    fileMappings(mappedFiles(memory), memory.space.pageSize),
    ...floatNotes(leader.core),
    ...others.flatMap((thread) => [
      statusNote(thread, tree),
      ...signalNotes(thread.core),
      ...floatNotes(thread.core),
    ]),
  ];
  return layOutCore(memory.space, machineOf(leader.core), notes);
}

interface Relations {
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
}

function machineOf(core: CoreEntry): number {
  if (core.thread_info?.gpregs.mode === 'COMPAT')
    throw new FailedError('32-bit processes cannot be made core files of');
  if (core.mtype === 'X86_64') return Machine.x86_64;
  if (core.mtype === 'AARCH64') return Machine.aarch64;
  throw new FailedError(`core files can be made of x86-64 and aarch64 processes only, not ${core.mtype}`);
}

function statusNote({ tid, core }: Thread, { ppid, pgid, sid }: Relations): Note {
  const blocked = core.thread_core?.blk_sigset ?? core.tc?.blk_sigset ?? 0n;
  const signal = pendingSignal(core)?.readInt32LE(0) ?? 0;
  return prstatus({ tid, ppid, pgid, sid, signal, blocked, registers: generalRegisters(tid, core) });
}

function generalRegisters(tid: number, core: CoreEntry): Buffer {
  if (core.thread_info !== undefined) return x86RegisterSet(core.thread_info.gpregs);
  if (core.ti_aarch64 !== undefined) return aarch64RegisterSet(core.ti_aarch64.gpregs);
  throw new FormatError(`core-${tid}.img`, undefined, 'holds no registers of its machine');
}

function floatNotes(core: CoreEntry): Note[] {
  const notes: Note[] = [];
  if (core.thread_info !== undefined) {
    const { fpregs } = core.thread_info;
    notes.push({ owner: 'CORE', type: NoteType.fpregset, contents: x86FloatSet(fpregs) });
    const extended = x86ExtendedState(fpregs);
    if (extended !== undefined) notes.push({ owner: 'LINUX', type: NoteType.x86Xstate, contents: extended });
  } else if (core.ti_aarch64 !== undefined) {
    const { fpsimd, tls } = core.ti_aarch64;
    notes.push({ owner: 'CORE', type: NoteType.fpregset, contents: aarch64FloatSet(fpsimd) });
    notes.push({ owner: 'LINUX', type: NoteType.armTls, contents: new FieldWriter(8).u64(tls).bytes });
  }
  return notes;
}

/** The signal that a thread was about to be given, if one was: its own, or for the leader one of the process. */
function pendingSignal(core: CoreEntry): Buffer | undefined {
  const [own] = core.thread_core?.signals_p?.signals ?? [];
  const [shared] = core.tc?.signals_s?.signals ?? [];
  const siginfo = (own ?? shared)?.siginfo;
  return siginfo?.length === SIGINFO ? Buffer.from(siginfo) : undefined;
}

function signalNotes(core: CoreEntry): Note[] {
  const contents = pendingSignal(core);
  return contents === undefined ? [] : [{ owner: 'CORE', type: NoteType.siginfo, contents }];
}

async function processInfo(
  memory: ProcessMemory,
  relations: Relations,
  core: CoreEntry,
): Promise<ProcessInfo> {
  const { creds, sched_nice } = core.thread_core ?? {};
  const comm = core.tc?.comm ?? '';
  return {
    ...{ pid: memory.pid, ppid: relations.ppid, pgid: relations.pgid, sid: relations.sid },
    ...{ uid: creds?.uid ?? 0, gid: creds?.gid ?? 0, nice: sched_nice ?? 0, flags: core.tc?.flags ?? 0 },
    ...{ state: core.tc?.task_state === TASK_STOPPED ? 'T' : 'R', comm },
    args: (await commandLine(memory)) ?? encodeText(comm),
  };
}

/** The beginning of the command line, as long as a core file has room for; undefined when it cannot be read. */
async function commandLine({ mm, space }: ProcessMemory): Promise<Buffer | undefined> {
  const { mm_arg_start: start, mm_arg_end: end } = mm;
  if (end <= start) return undefined;
  const length = end - start > 79n ? 79 : Number(end - start);
  for (const { backing } of space.segments(start, start + BigInt(length))) {
    if (backing.kind !== 'pages' && backing.kind !== 'zero') return undefined;
  }
  if (space.vmaAt(start) === undefined || space.vmaAt(start + BigInt(length - 1)) === undefined)
    return undefined;
  const bytes = Buffer.from(await space.read(start, length));
  return Buffer.from(bytes.toString('latin1').replace(/\0+$/, '').replaceAll('\0', ' '), 'latin1');
}

function mappedFiles({ space }: ProcessMemory): FileMapping[] {
  const { filePrivate, fileShared, memfd } = VmaStatus;
  return space.vmas
    .filter(({ status }) => (status & (filePrivate | fileShared | memfd)) !== 0)
    .map((vma) => ({ start: vma.start, end: vma.end, offset: vma.pgoff, path: space.nameOf(vma) }))
    .filter(({ path }) => path.startsWith('/'));
}
