import { keepHeapSmall } from '../base/heap.js';
import type { CoreEntry, TaskKobjIdsEntry } from '../criu/schema/core.js';
import type { MmEntry } from '../criu/schema/memory.js';
import type { FsEntry } from '../criu/schema/process.js';
import type { Images } from './images.js';
import { groupBy } from './memo.js';

/** `zombie`: dead, and its parent has not asked for its exit code yet. */
export type ProcessState = 'alive' | 'stopped' | 'zombie' | 'unknown';

/** TASK_* of criu/include/pstree.h and compel's task-state.h. What CRIU calls dead is a zombie: it dumps no others. */
const STATES: Readonly<Record<number, ProcessState>> = { 1: 'alive', 2: 'zombie', 3: 'stopped', 6: 'zombie' };

/** A process as the images have it. What takes another image is a method, which reads it when first called. */
export class Process {
  readonly pid: number;
  readonly ppid: number;
  /** Process group and session. */
  readonly pgid: number;
  readonly sid: number;
  readonly comm: string;
  readonly state: ProcessState;
  /** Exit code or signal as wait(2) gives it; only of zombies. */
  readonly exitCode: number | undefined;
  /** Thread ids, the process's own first; none of a zombie. */
  readonly threads: readonly number[];
  /** Real user id; undefined of a zombie. */
  readonly uid: number | undefined;
  readonly #images: Images;
  readonly #ids: TaskKobjIdsEntry | undefined;

  constructor(
    entry: { pid: number; ppid: number; pgid: number; sid: number; threads: readonly number[] },
    core: CoreEntry | undefined,
    images: Images,
  ) {
    this.pid = entry.pid;
    this.ppid = entry.ppid;
    this.pgid = entry.pgid;
    this.sid = entry.sid;
    this.uid = core?.thread_core?.creds?.uid;
    this.comm = core?.tc?.comm ?? core?.thread_core?.comm ?? '';
    this.state = STATES[core?.tc?.task_state ?? 0] ?? 'unknown';
    this.exitCode = this.state === 'zombie' ? core?.tc?.exit_code : undefined;
    // CRIU leaves the thread list of a zombie uninitialised
    this.threads = this.state === 'zombie' ? [] : entry.threads;
    this.#ids = core?.ids;
    this.#images = images;
  }

  /** What CRIU kept of it and of its first thread: state, signals, registers. Large, and not to be held on to. */
  core(): Promise<CoreEntry | undefined> {
    return this.#images.first('CORE', `core-${this.pid}`);
  }

  /** The address space; undefined for a zombie. Large as well. */
  mm(): Promise<MmEntry | undefined> {
    return this.#images.first('MM', `mm-${this.pid}`);
  }

  /** Which kernel objects (namespaces, file table, address space) it shares with whom. */
  async ids(): Promise<TaskKobjIdsEntry | undefined> {
    return this.#ids ?? this.#images.first('IDS', `ids-${this.pid}`);
  }

  /** Working and root directory. */
  fs(): Promise<FsEntry | undefined> {
    return this.#images.first('FS', `fs-${this.pid}`);
  }
}

/** What a process and its row take, and each of its threads; in units of the images' budget. */
const PROCESS_COST = 100;
const THREAD_COST = 20;

/** With as many, the garbage of decoding is what takes most memory. */
const MANY = 1000;

/** All processes of the checkpoint, in the order of the images: parents before their children. */
export async function readProcesses(images: Images): Promise<readonly Process[]> {
  const tree = await images.entries('PSTREE', 'pstree');
  if (tree.length > MANY) keepHeapSmall();
  const processes: Process[] = [];
  for (const entry of tree) {
    images.charge(PROCESS_COST + THREAD_COST * entry.threads.length, 'pstree.img');
    const core = await images.first('CORE', `core-${entry.pid}`);
    processes.push(new Process(entry, core, images));
  }
  return processes;
}

/** A process and those that it started. */
export interface ProcessNode<T> {
  readonly item: T;
  readonly children: readonly ProcessNode<T>[];
}

/**
 * Arranges anything with a PID and a parent's PID as a tree. Those whose parent is not there stand at the top. In a
 * hostile image parents may form a ring, a PID come twice, or a chain have no end: each item still appears exactly
 * once, in linear time, and what lies deeper than 200 generations stands side by side at that depth.
 */
export function processTree<T extends { readonly pid: number; readonly ppid: number }>(
  items: readonly T[],
): readonly ProcessNode<T>[] {
  const pids = new Set(items.map(({ pid }) => pid));
  const byParent = groupBy(items, ({ ppid }) => ppid);
  const placed = new Set<T>();
  const roots: Node<T>[] = [];
  const plant = (item: T): void => {
    if (placed.has(item)) return;
    placed.add(item);
    const root: Node<T> = { item, children: [] };
    roots.push(root);
    const open: { readonly item: T; readonly under: Node<T>; readonly depth: number }[] = [
      { item, under: root, depth: 1 },
    ];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const child of byParent.get(at.item.pid) ?? []) {
        if (placed.has(child)) continue;
        placed.add(child);
        const node: Node<T> = { item: child, children: [] };
        at.under.children.push(node);
        const deepest = at.depth === DEEPEST;
        open.push({ item: child, under: deepest ? at.under : node, depth: deepest ? DEEPEST : at.depth + 1 });
      }
    }
  };
  for (const item of items) if (!pids.has(item.ppid)) plant(item);
  for (const item of items) plant(item); // what is left hangs in rings
  return roots;
}

/** Generations of a tree; more than any real one has, and few enough to walk by recursion. */
const DEEPEST = 200;

interface Node<T> {
  readonly item: T;
  readonly children: Node<T>[];
}
