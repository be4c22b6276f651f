import { posix } from 'node:path';
import { openArchive } from '../../archive/open.js';
import { ColdcaseError } from '../../base/errors.js';
import { formatTime } from '../../base/units.js';
import { Checkpoint } from '../../checkpoint/checkpoint.js';
import { parseCheckpointName } from '../../node/checkpoint-name.js';
import type { FileFacts, HostRoot } from '../../node/host/root.js';
import { interrupted } from '../interrupt.js';
import { type ArchiveState, archiveState } from './archive-state.js';
import { copiesOf, type KnownCopy } from './copies.js';

/** An archive in the checkpoint directory. Text is untrusted. */
export type ArchiveRow = {
  readonly what: 'archive';
  readonly file: string;
  /** Inside the host root. */
  readonly path: string;
  readonly namespace: string | null;
  readonly pod: string | null;
  readonly container: string | null;
  /** Where the three come from; `ambiguous`: the name can be read in several ways, and the archive does not tell. */
  readonly from: 'name' | 'config.dump' | 'ambiguous' | 'unknown';
  readonly time: string;
  /** Seconds since it was last written to. */
  readonly age: number;
  readonly size: number;
  readonly mode: string;
  readonly state: ArchiveState;
  /** The sealed copy that a manifest says to be of this archive, which is a claim and no proof; or null. */
  readonly sealed: string | null;
  readonly problem: string | null;
  readonly kind: FileFacts['kind'];
};

const ARCHIVE = /\.tar(\.gz|\.zst)?$/;

/** The archives in the directory, oldest first. */
export async function listArchives(
  host: HostRoot,
  directory: string,
  copies: readonly KnownCopy[],
  now = new Date(),
): Promise<readonly ArchiveRow[]> {
  const names = await host.list(directory);
  if (!names.ok) return [];
  const rows: ArchiveRow[] = [];
  for (const name of names.value.filter((one) => ARCHIVE.test(one))) {
    const facts = await host.stat(posix.join(directory, name), { follow: false });
    if (!facts.ok) continue;
    const { size, mtime, mode, kind } = facts.value;
    const copy = copiesOf(copies, name, size).find(({ manifest }) => manifest !== undefined);
    const path = posix.join(directory, name);
    const who = kind === 'file' ? await whose(host, directory, name) : nobody(`is a ${kind}, not a file`);
    const age = Math.floor((now.getTime() - mtime.getTime()) / 1000);
    const { state, problem } = kind === 'file' ? await stateOf(host, path, age) : NO_STATE;
    rows.push({
      what: 'archive',
      file: name,
      path,
      ...who,
      problem: [problem, who.problem].filter((one) => one !== null).join('; ') || null,
      time: who.time ?? formatTime(mtime),
      age,
      size,
      state,
      mode: mode.toString(8).padStart(4, '0'),
      sealed: copy?.path ?? null,
      kind,
    });
  }
  return rows.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

const NO_STATE = { state: 'unknown', problem: null } as const;
/** An archive that was written to so lately, in seconds, may still be written. */
const FRESH = 60;

async function stateOf(
  host: HostRoot,
  path: string,
  age: number,
): Promise<Pick<ArchiveRow, 'state' | 'problem'>> {
  const real = await host.real(path);
  if (!real.ok) return { state: 'unknown', problem: real.why };
  const { state, problem } = await archiveState(real.value);
  if (state !== 'truncated') return { state, problem: state === 'no tar' ? 'no tar' : problem };
  const perhaps = age < FRESH ? ', or still being written' : '';
  return { state, problem: `truncated${perhaps}: ${problem ?? ''}` };
}

type Who = Pick<ArchiveRow, 'namespace' | 'pod' | 'container' | 'from' | 'problem'> & {
  readonly time: string | undefined;
};

function nobody(problem: string): Who {
  return { namespace: null, pod: null, container: null, from: 'unknown', problem, time: undefined };
}

/** Names that can be read in one way only are believed; for others the archive's own config.dump decides. */
async function whose(host: HostRoot, directory: string, name: string): Promise<Who> {
  const parsed = parseCheckpointName(name);
  const time = parsed === undefined ? undefined : isoTime(parsed.time);
  const [only, ...others] = parsed?.readings ?? [];
  if (parsed !== undefined && only !== undefined && others.length === 0) {
    return { ...only, pod: parsed.pod, from: 'name', problem: null, time };
  }
  const real = await host.real(posix.join(directory, name));
  if (!real.ok) return { ...nobody(real.why), time };
  try {
    const archive = await openArchive(real.value, { signal: interrupted });
    try {
      const { namespace, pod, container } = await readNames(new Checkpoint(archive));
      const fits =
        parsed === undefined ||
        (parsed.pod === pod &&
          parsed.readings.some((one) => one.namespace === namespace && one.container === container));
      if (namespace !== null && container !== null) {
        const problem = fits ? null : 'its config.dump names another container than its file name';
        return { namespace, pod, container, from: 'config.dump', problem, time };
      }
    } finally {
      await archive.close();
    }
  } catch (error) {
    if (!(error instanceof ColdcaseError)) throw error;
    return {
      ...nobody(error.message),
      pod: parsed?.pod ?? null,
      from: parsed === undefined ? 'unknown' : 'ambiguous',
      time,
    };
  }
  return {
    ...nobody('its config.dump does not tell'),
    pod: parsed?.pod ?? null,
    from: parsed === undefined ? 'unknown' : 'ambiguous',
    time,
  };
}

async function readNames(
  checkpoint: Checkpoint,
): Promise<Pick<ArchiveRow, 'namespace' | 'pod' | 'container'>> {
  const { namespace, pod, name } = await checkpoint.container();
  return { namespace: namespace ?? null, pod: pod ?? null, container: name ?? null };
}

function isoTime(text: string): string | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : formatTime(time);
}
