import { parseDuration } from '../base/duration.js';
import { UsageError } from '../base/errors.js';

/**
 * The kubelet gives the runtime the larger of the timeout asked for and runtimeRequestTimeout, two minutes unless it
 * is configured (pkg/kubelet/kuberuntime; seen: timeout=1 was answered after 12.7 s with 200).
 */
export const DEFAULT_RUNTIME_REQUEST_TIMEOUT = 120;

/** Where nobody knows how much memory a container has, or not all of its changed files, in seconds and never less. */
export const TIMEOUT_UNKNOWN = 600;

/** Never less, in seconds. */
const AT_LEAST = 300;
/** Bytes a second: all is written up to four times, and a disk that others use too may do 60 MiB/s. */
const SLOWEST = 16 << 20;
const ROUND_TO = 30;
/** Nothing takes longer than a day, in seconds. */
const AT_MOST = 86_400;

/** What a checkpoint has to write, as far as it is known. */
export interface DumpSize {
  readonly bytes: number;
  /** Whether that is all of it. */
  readonly complete: boolean;
}

/** How much longer than the kubelet a client waits, in milliseconds: what the kubelet does itself, and the way back. */
const LONGER_BY = 60_000;
/** Timers of Node hold 31 bits of milliseconds, 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * How long the runtime is given for a checkpoint, in whole seconds. With a wide margin: when that time ends while
 * CRIU works, containerd leaves the container frozen for good, while a time that is too long costs nothing.
 *
 * @param size - undefined where it cannot be known
 */
export function checkpointTimeout(size: DumpSize | undefined): number {
  if (size === undefined) return TIMEOUT_UNKNOWN;
  const seconds = Math.max(AT_LEAST + size.bytes / SLOWEST, size.complete ? 0 : TIMEOUT_UNKNOWN);
  return Math.min(AT_MOST, Math.ceil(seconds / ROUND_TO) * ROUND_TO);
}

/** What the command line says of times, each undefined where it does not. */
export interface GivenTimes {
  /** Whole seconds for the kubelet. */
  readonly timeout: number | undefined;
  /** Milliseconds that this client waits. */
  readonly requestTimeout: number | undefined;
}

export interface CheckpointTimes {
  /** Whole seconds, as the kubelet is asked. */
  readonly timeout: number;
  /** Milliseconds after which the kubelet itself gives up, as far as is known. */
  readonly kubeletLimit: number;
  /** Milliseconds that this client waits. */
  readonly requestTimeout: number;
  /** Whether this client gives up before the kubelet does, which only a user can want. */
  readonly givesUpFirst: boolean;
}

/**
 * @param size - undefined where it is not known
 * @param runtimeRequestTimeout - the kubelet's, in seconds
 */
export function checkpointTimes(
  given: GivenTimes,
  size: DumpSize | undefined,
  runtimeRequestTimeout: number,
): CheckpointTimes {
  const timeout = given.timeout ?? checkpointTimeout(size);
  const kubeletLimit = Math.max(timeout, runtimeRequestTimeout) * 1000;
  const requestTimeout = Math.min(given.requestTimeout ?? kubeletLimit + LONGER_BY, LONGEST_TIMER);
  return { timeout, kubeletLimit, requestTimeout, givesUpFirst: requestTimeout < kubeletLimit };
}

/** A duration of a kubelet's configuration (`2m0s`) in seconds; undefined when it is none, or zero, which means the default. */
export function parseConfigured(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parseDuration(value, 'runtimeRequestTimeout') / 1000;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
