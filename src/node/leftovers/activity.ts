import { readdirSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { errorCode } from '../../base/file-errors.js';
import { isRoots } from '../host/own-processes.js';
import { listPids, readArguments, startTime } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import type { Leftover } from './look.js';
import type { LeftoverEngine } from './places.js';

/** What runs on this machine that may still need a leftover. */
export interface Activity {
  /** Programs that make a checkpoint right now, such as `criu (PID 4711)`. */
  readonly dumping: readonly string[];
  /** Who has something open in a leftover, or works in it, by the leftover's path. */
  readonly holders: ReadonlyMap<string, string>;
  /** When each running engine was started, the earliest; absent for one that does not run. */
  readonly engines: ReadonlyMap<LeftoverEngine, Date>;
  /** Why not everything could be seen; then nothing is certain. */
  readonly blind: string | undefined;
  /** Whether these are all processes of the machine, and not those of one PID namespace. */
  readonly wholeMachine: boolean;
}

/** An engine writes nothing more to a place in which nothing changed for so long, milliseconds. */
const QUIET = 10 * 60_000;
/** A file that coldcase or an engine has just closed may be about to get its name, milliseconds. */
const SETTLED = 60_000;
/** How far a start, counted in ticks from a boot known to the second, is from the file system's clock at most. */
const CLOCKS = 2000;

/** The namespace of the kernel's first process (PROC_PID_INIT_INO of include/linux/proc_ns.h). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const MAX_DESCRIPTORS = 65_536;
const ENGINES: Readonly<Record<string, LeftoverEngine>> = { containerd: 'containerd', crio: 'cri-o' };
/** runc, crun and what else takes `checkpoint` as a command; kata's and gVisor's among them. */
const OCI_RUNTIMES = new Set(['runc', 'crun', 'youki', 'runsc', 'kata-runtime']);

/**
 * Looks at every process of this machine: its program, and what it has open. To be asked right before something is
 * removed.
 */
export async function readActivity(
  host: HostRoot,
  leftovers: readonly Pick<Leftover, 'path'>[],
): Promise<Activity> {
  const dumping: string[] = [];
  const holders = new Map<string, string>();
  const engines = new Map<LeftoverEngine, Date>();
  let blind: string | undefined;
  const marks = leftovers.map((leftover) => ({ leftover, mark: markOf(leftover.path) }));
  const own = await namespaceOf(host, 'self');
  const pids = await listPids(host);
  if (pids.length === 0) blind = 'there is no /proc to see the processes in';
  for (const pid of pids) {
    const comm = await host.readText(`/proc/${pid}/comm`, 4096);
    if (!comm.ok) continue; // ended meanwhile
    const words = (await readArguments(host, pid)) ?? [];
    const name = comm.value.trim();
    const program = posix.basename(words[0] ?? name);
    const who = `${name} (PID ${pid})`;
    const dumps =
      name === 'criu' || program === 'criu' || (OCI_RUNTIMES.has(program) && words.includes('checkpoint'));
    // whatever calls itself so within a container, or is another user's, makes no checkpoint of this node
    const roots = (dumps || ENGINES[name] !== undefined) && (await isRoots(host, pid));
    if (dumps && roots) dumping.push(who);
    const engine = roots ? ENGINES[name] : undefined;
    if (engine !== undefined) {
      const started = await startTime(host, pid);
      const before = engines.get(engine);
      // one whose start is not known may be as old as the machine
      const at = started ?? new Date(0);
      if (before === undefined || at < before) engines.set(engine, at);
    }
    if (pid === process.pid) continue;
    const links = openPaths(join(host.directory, `/proc/${pid}`));
    // the first process of a machine makes no checkpoints, and may be hidden where all others are seen
    if (links === undefined && pid !== 1) blind ??= `what ${who} has open may not be seen`;
    for (const link of links ?? []) {
      for (const { leftover, mark } of marks) {
        if (holders.has(leftover.path) || !isWithin(link, leftover.path, mark)) continue;
        holders.set(leftover.path, who);
        if (engine !== undefined) dumping.push(`${who}, which has ${leftover.path} open,`);
      }
    }
  }
  return { dumping, holders, engines, blind, wholeMachine: own === FIRST_PID_NAMESPACE };
}

async function namespaceOf(host: HostRoot, pid: number | 'self'): Promise<string | undefined> {
  const link = await host.readLink(`/proc/${pid}/ns/pid`);
  return link.ok ? link.value : undefined;
}

/**
 * What a process has open or works in; undefined when that may not be seen, nothing when it is gone. Tens of thousands
 * of links are read at once, so it is done in place.
 */
function openPaths(proc: string): readonly string[] | undefined {
  const paths: string[] = [];
  try {
    for (const name of ['cwd', 'root']) paths.push(readlinkSync(`${proc}/${name}`));
    const descriptors = readdirSync(`${proc}/fd`);
    if (descriptors.length > MAX_DESCRIPTORS) return undefined;
    for (const descriptor of descriptors) {
      try {
        paths.push(readlinkSync(`${proc}/fd/${descriptor}`));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error; // closed meanwhile
      }
    }
    return paths;
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '') ? paths : undefined;
  }
}

/**
 * The end of a path by which a leftover is known in another mount namespace, where the way to it may be another: from
 * the part that is unlike any other on, such as the container's ID.
 */
function markOf(path: string): string {
  const parts = path.split('/');
  const from = parts.findLastIndex((part) => /^[0-9a-f]{64}/.test(part) || /\d{4}|partial$/.test(part));
  return `/${parts.slice(from < 0 ? -2 : from).join('/')}`;
}

function isWithin(link: string, path: string, mark: string): boolean {
  const target = link.replace(/ \(deleted\)$/, '');
  if (target === path || target.startsWith(`${path}/`)) return true;
  return target.endsWith(mark) || target.includes(`${mark}/`);
}

/**
 * Why it is not certain that nothing runs in a leftover; undefined when it is: no checkpoint is being made on this
 * machine, no process has anything of it open, and whoever made it is gone (its engine was started after the last
 * change, or does not run) or has not touched it for ten minutes.
 */
export function whyUncertain(leftover: Leftover, activity: Activity, now: Date): string | undefined {
  const { path, engine, changed, obstacle } = leftover;
  if (obstacle !== undefined) return obstacle;
  if (activity.blind !== undefined) return `${activity.blind}: run as root on the node`;
  if (!activity.wholeMachine && !activity.engines.has(engine)) {
    return 'the processes of the node cannot be seen from this PID namespace: run it on the node itself, or with hostPID';
  }
  const [dump] = activity.dumping;
  if (dump !== undefined) return `${dump} is making a checkpoint`;
  const holder = activity.holders.get(path);
  if (holder !== undefined) return `${holder} has it open`;
  const age = now.getTime() - changed.getTime();
  if (engine === 'coldcase') return age < SETTLED ? 'it was written to within the last minute' : undefined;
  const started = activity.engines.get(engine);
  if (started === undefined) return age < SETTLED ? 'it changed within the last minute' : undefined;
  if (started.getTime() > changed.getTime() + CLOCKS || age >= QUIET) return undefined;
  return `${engine} runs since before it changed, less than 10 minutes ago`;
}
