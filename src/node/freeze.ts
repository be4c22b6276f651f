import { formatDuration } from '../base/units.js';
import type { DumpLoad } from './facts/dump-load.js';
import type { RuntimeKind } from './facts/runtime-settings.js';

/** From the shortest to the longest, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How long a container stands still while it is checkpointed. */
export interface FreezeEstimate {
  /** While CRIU works. CRIU locks the pod's network meanwhile, for the other containers of the pod too. */
  readonly criu: Span;
  /** What the processes see: until the engine thaws them again. */
  readonly frozen: Span;
}

/** Bytes a second, on disks that are common and on fast ones. */
interface Rate {
  readonly slow: number;
  readonly fast: number;
}

const MIB = 1 << 20;

/**
 * What CRIU takes whatever the memory, in milliseconds: 0.12 to 0.26 s were seen with containerd and CRI-O, 0.40 s
 * for five processes with Podman.
 */
const FIXED: Span = { from: 120, to: 500 };

/** CRIU writing pages: 704 MiB in 2.64 s were seen, that is 290 MiB/s. */
const DUMP: Rate = { slow: 200 * MIB, fast: 1500 * MIB };

/**
 * What is copied before the container is thawed. containerd pauses the task around all of Checkpoint (client/task.go):
 * the images go into its content store and are hashed, 704 MiB in another 4.3 s, that is 160 MiB/s. CRI-O pauses it
 * until the archive is written (internal/lib/checkpoint.go): one copy, without a hash.
 */
const COPY = {
  containerd: { slow: 100 * MIB, fast: 800 * MIB },
  'cri-o': { slow: 150 * MIB, fast: 1500 * MIB },
} satisfies Partial<Record<RuntimeKind, Rate>>;

/**
 * What is packed of the root file system before the container is thawed. containerd compresses it with gzip on one
 * core: 300 MiB that do not compress took 1.1 s, 5,000 small files 0.4 s, and a log of 1 GiB a minute on a busy
 * machine. CRI-O writes a tar of it, and that into the archive.
 */
const PACK = {
  containerd: { slow: 15 * MIB, fast: 400 * MIB },
  'cri-o': { slow: 75 * MIB, fast: 750 * MIB },
} satisfies Partial<Record<RuntimeKind, Rate>>;

/** Files a second, each with a header of its own and a look at the layers below. */
const FILES: Rate = { slow: 3000, fast: 50_000 };

/**
 * The time that a checkpoint freezes a container. A wide range, for it is the disk that decides, and nobody has
 * measured it; of an engine that is not known, from the quicker one's best to the slower one's worst.
 */
export function estimateFreeze(load: DumpLoad, engine: RuntimeKind): FreezeEstimate {
  const { memory, changed } = load;
  const engines =
    engine === 'containerd' || engine === 'cri-o' ? [engine] : (['cri-o', 'containerd'] as const);
  const after = (speed: keyof Rate): number[] =>
    engines.map(
      (one) =>
        milliseconds(memory, COPY[one][speed]) +
        milliseconds(changed.size, PACK[one][speed]) +
        milliseconds(changed.files, FILES[speed]),
    );
  const criu = {
    from: FIXED.from + milliseconds(memory, DUMP.fast),
    to: FIXED.to + milliseconds(memory, DUMP.slow),
  };
  return {
    criu,
    frozen: {
      from: criu.from + Math.min(...after('fast')),
      to: criu.to + Math.max(...after('slow')),
    },
  };
}

/** `1.50 s to 11.1 s` */
export function formatSpan({ from, to }: Span): string {
  return `${formatDuration(from)} to ${formatDuration(to)}`;
}

function milliseconds(amount: number, rate: number): number {
  return (amount / rate) * 1000;
}
