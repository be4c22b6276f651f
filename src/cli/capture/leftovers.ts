import { posix, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '../../base/json.js';
import { formatTime } from '../../base/units.js';
import { parseCheckpointName } from '../../node/checkpoint-name.js';
import type { HostRoot } from '../../node/host/root.js';
import type { Leftover, Leftovers } from '../../node/leftovers/look.js';
import { archiveState } from '../checkpoints/archive-state.js';
import type { CaptureJob, ContainerTarget } from './job.js';
import type { CapturedArchive } from './report.js';

/** A piece of plaintext that lies on the node after a capture. */
export interface LeftPiece {
  readonly path: string;
  readonly what: Leftover['kind'] | 'archive';
  readonly engine: string;
  /** One line for people; untrusted text. */
  readonly line: string;
  readonly size: number | undefined;
  readonly changed: Date;
  /** Whether it was written while this capture ran. */
  readonly meanwhile: boolean;
  /** Why `node checkpoints --prune` would keep it; undefined when nothing runs in it. */
  readonly kept: string | undefined;
}

/** What was found after a capture, and where could not be looked. */
export interface LeftBehind {
  readonly pieces: readonly LeftPiece[];
  readonly unread: readonly { readonly path: string; readonly why: string }[];
}

/** containerd takes a blob away at a garbage collection that the end of the checkpoint sets off; milliseconds. */
const COLLECTION = 5000;
const STEP = 500;

/**
 * Looks, after a capture that went well and after one that did not, where engines leave plaintext, and for archives
 * of the containers that are in no sealed file. Nothing here makes a capture fail: what cannot be looked at is said.
 */
export async function lookAfterCapture(
  job: CaptureJob,
  targets: readonly ContainerTarget[],
  captured: readonly CapturedArchive[],
  startedAt: Date,
): Promise<LeftBehind> {
  try {
    const { HostRoot } = await import('../../node/host/root.js');
    const host = await HostRoot.open(job.hostRoot);
    const { found, unread } = await lookTwice(host, job, startedAt);
    const engines = found.filter(({ kind }) => kind !== 'coldcase-partial');
    const pieces = [
      ...(await describe(host, engines, startedAt)),
      ...(await archivesOf(host, job, targets, captured, startedAt)),
    ];
    return { pieces, unread };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { pieces: [], unread: [{ path: job.hostRoot, why }] };
  }
}

/** A blob of this very checkpoint is mostly gone a moment later. */
async function lookTwice(host: HostRoot, job: CaptureJob, startedAt: Date): Promise<Leftovers> {
  const { lookForLeftovers } = await import('../../node/leftovers/look.js');
  // below a host root the directory may be given as this machine sees it
  const below = host.isThisMachine ? '' : host.directory;
  const directory = resolve(job.checkpointDir);
  const checkpointDirectory = directory.startsWith(`${below}/`) ? directory.slice(below.length) : undefined;
  for (let waited = 0; ; waited += STEP) {
    const seen = await lookForLeftovers(host, { checkpointDirectory });
    const collected = seen.found.every(({ kind, changed }) => kind !== 'content-blob' || changed < startedAt);
    if (collected || waited >= COLLECTION || job.signal.aborted) return seen;
    await sleep(STEP);
  }
}

async function describe(
  host: HostRoot,
  found: readonly Leftover[],
  startedAt: Date,
): Promise<readonly LeftPiece[]> {
  if (found.length === 0) return [];
  const { readActivity, whyUncertain } = await import('../../node/leftovers/activity.js');
  const { leftoverLine } = await import('../../node/leftovers/words.js');
  const now = new Date();
  const activity = host.isThisMachine ? await readActivity(host, found) : undefined;
  return found.map((one) => ({
    path: one.path,
    what: one.kind,
    engine: one.engine,
    line: leftoverLine(one, now),
    size: one.size,
    changed: one.changed,
    meanwhile: one.changed >= startedAt,
    kept:
      activity === undefined
        ? (one.obstacle ?? 'processes cannot be told below --host-root')
        : whyUncertain(one, activity, now),
  }));
}

/**
 * Archives of the containers that appeared meanwhile and were not answered, or not whole: containerd goes on when the
 * time was up while it copied, and an engine that finds the disk full leaves half a file.
 */
async function archivesOf(
  host: HostRoot,
  job: CaptureJob,
  targets: readonly ContainerTarget[],
  captured: readonly CapturedArchive[],
  startedAt: Date,
): Promise<readonly LeftPiece[]> {
  const { HostRoot } = await import('../../node/host/root.js');
  const { leftoverLine } = await import('../../node/leftovers/words.js');
  // the directory is a path of this machine, below the host root or not
  const here = host.isThisMachine ? host : await HostRoot.open('/');
  const directory = resolve(job.checkpointDir);
  const names = await here.list(directory);
  if (!names.ok) return [];
  const now = new Date();
  const pieces: LeftPiece[] = [];
  for (const name of names.value.filter((one) => targets.some((target) => mayBeOf(one, target)))) {
    const path = posix.join(directory, name);
    const facts = await here.stat(path, { follow: false });
    if (!facts.ok || facts.value.kind !== 'file' || facts.value.ctime < startedAt) continue;
    if (captured.some(({ original }) => posix.basename(original.path) === name)) continue;
    const real = await here.real(path);
    const { state } = real.ok ? await archiveState(real.value) : { state: 'unknown' };
    const what = state === 'truncated' ? 'a truncated archive' : 'an archive';
    const { size, ctime: changed } = facts.value;
    pieces.push({
      path,
      what: 'archive',
      engine: 'kubelet',
      line: leftoverLine({ path, engine: 'kubelet', what, size, changed }, now),
      size,
      changed,
      meanwhile: true,
      kept: 'it is in no sealed file',
    });
  }
  return pieces;
}

/** Read to its end: one name may begin as another does (`cache`, `cache-exporter`). */
function mayBeOf(name: string, { pod, namespace, container }: ContainerTarget): boolean {
  const parsed = parseCheckpointName(name);
  const its = parsed?.readings.some((one) => one.namespace === namespace && one.container === container);
  return parsed?.pod === pod && its === true;
}

/** Lines for people, with what to do last; none when nothing is left. */
export function leftBehindLines({ pieces, unread }: LeftBehind): readonly string[] {
  const lines = pieces.map(({ line }) => `plaintext lies in ${line}`);
  if (pieces.some(({ what }) => what !== 'archive')) {
    lines.push('coldcase node checkpoints --prune --leftovers removes the pieces that nothing runs in');
  }
  if (pieces.some(({ what }) => what === 'archive')) {
    lines.push('coldcase node checkpoints shows archives; seal (--seal -r RECIPIENT) or --prune them');
  }
  return [
    ...lines,
    ...unread.map(({ path, why }) => `whether plaintext was left was not seen: ${path}: ${why}`),
  ];
}

/** The same for programs; documented in the help of `capture`. */
export function leftBehindJson({ pieces, unread }: LeftBehind, now: Date): JsonValue {
  return {
    pieces: pieces.map(({ path, what, engine, size, changed, meanwhile, kept }) => ({
      path,
      what,
      engine,
      size: size ?? null,
      time: formatTime(changed),
      age: Math.floor((now.getTime() - changed.getTime()) / 1000),
      meanwhile,
      kept: kept ?? null,
    })),
    notLookedAt: unread.map((one) => ({ ...one })),
  };
}
