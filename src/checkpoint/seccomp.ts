import { FormatError } from '../base/errors.js';
import { type JsonValue, parseJson } from '../base/json.js';
import { field } from '../base/json-fields.js';
import type { CoreEntry } from '../criu/schema/core.js';
import type { Checkpoint } from './checkpoint.js';
import type { SeccompMode } from './credentials.js';
import { readText } from './engine-metadata.js';
import { readThreads } from './threads.js';

/** A filter of seccomp.img: its bytes, and the filter that was installed before it. */
export interface StoredFilter {
  readonly bytes: Uint8Array;
  readonly previous: number | undefined;
  /** SECCOMP_FILTER_FLAG bits. */
  readonly flags: number;
}

/** A thread's seccomp state. */
export interface SeccompThread {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly mode: SeccompMode;
  /** Index into the filters of the last one installed; those before it hang on it. */
  readonly filter: number | undefined;
}

export interface SeccompState {
  readonly threads: readonly SeccompThread[];
  readonly filters: readonly StoredFilter[];
  /** `linux.seccomp` of spec.dump as it stands there; undefined when there is none. */
  readonly profile: JsonValue | undefined;
}

const MAX_FILTERS = 4096;
/** The kernel's limit of a thread's filters: their instructions, and four more for each (MAX_INSNS_PER_PATH). */
const MAX_PATH = 32_768;

/** Reads seccomp.img, each thread's state, and the profile of the OCI spec. */
export async function readSeccomp(checkpoint: Checkpoint): Promise<SeccompState> {
  const entries = await checkpoint.images.entries('SECCOMP', 'seccomp');
  const filters = entries.flatMap((entry) =>
    entry.seccomp_filters.map((one) => ({ bytes: one.filter, previous: one.prev, flags: one.flags ?? 0 })),
  );
  if (filters.length > MAX_FILTERS) {
    throw new FormatError('seccomp.img', undefined, `${filters.length} filters are too many`);
  }
  const text = await readText(checkpoint.archive, 'spec.dump');
  const spec = text === undefined ? undefined : parseJson('spec.dump', text);
  return {
    threads: await threadsOf(checkpoint),
    filters,
    profile: field(spec, 'linux', 'seccomp'),
  };
}

async function threadsOf({ images, processes }: Checkpoint): Promise<readonly SeccompThread[]> {
  const found: SeccompThread[] = [];
  for (const process of await processes()) {
    const leader = await process.core();
    for (const { tid, comm, seccomp } of await readThreads(images, process)) {
      const core = tid === process.pid ? leader : await images.first('CORE', `core-${tid}`);
      const own = filterOf(core);
      // threads that have their first one's filters are written without any of their own
      const filter = seccomp === 'filter' ? (own ?? filterOf(leader)) : undefined;
      found.push({ pid: process.pid, tid, name: comm, mode: seccomp, filter });
    }
  }
  return found;
}

function filterOf(core: CoreEntry | undefined): number | undefined {
  return core?.thread_core?.seccomp_filter ?? core?.tc?.old_seccomp_filter;
}

/**
 * The filters that a thread runs, the last installed first. Each names the one before it.
 *
 * @throws FormatError when they lead in a circle or nowhere, or are more than the kernel takes
 */
export function chainOf(filters: readonly StoredFilter[], last: number): readonly number[] {
  const chain = new Set<number>();
  let size = 0;
  for (let at: number | undefined = last; at !== undefined; at = filters[at]?.previous) {
    if (filters[at] === undefined)
      throw new FormatError('seccomp.img', undefined, `there is no filter ${at}`);
    if (chain.has(at)) throw new FormatError('seccomp.img', undefined, `filter ${at} hangs on itself`);
    chain.add(at);
    size += (filters[at]?.bytes.length ?? 0) / 8 + 4;
    if (size > MAX_PATH) {
      throw new FormatError(
        'seccomp.img',
        undefined,
        `filter ${last} and those before it are too long together`,
      );
    }
  }
  return [...chain];
}
