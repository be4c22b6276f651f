import { decodeText } from '../base/text.js';
import { type AddressSpace, NotInArchiveError } from '../criu/address-space.js';
import type { ProcessMemory } from '../criu/memory.js';

/**
 * The most that is read of arguments or environment, in bytes. Linux allows a quarter of the stack's limit, 2 MiB
 * by default; processes may point mm's ranges at other memory (PR_SET_MM), so nothing holds them to it.
 */
const LIMIT = 8 * 1024 * 1024;

/** The strings that a process was started with, from its memory. */
export interface StartStrings {
  /** Raw text, bytes that are no UTF-8 as lone surrogates. */
  readonly values: readonly string[];
  /** Whether there was more than this tool reads. */
  readonly cut: boolean;
}

/** The arguments as the process has them now: programs that set a title write over them. */
export function readArguments({ space, mm }: ProcessMemory): Promise<StartStrings | undefined> {
  return readStrings(space, mm.mm_arg_start, mm.mm_arg_end);
}

/** The environment as the process was started with; what it set later lies elsewhere in its memory. */
export function readEnvironment({ space, mm }: ProcessMemory): Promise<StartStrings | undefined> {
  return readStrings(space, mm.mm_env_start, mm.mm_env_end);
}

/** Strings between two addresses, each ended by a NUL; undefined when the archive does not hold that memory. */
async function readStrings(
  space: AddressSpace,
  start: bigint,
  end: bigint,
): Promise<StartStrings | undefined> {
  if (end <= start) return { values: [], cut: false };
  const length = end - start > BigInt(LIMIT) ? LIMIT : Number(end - start);
  try {
    const bytes = await space.read(start, length);
    return { values: splitStrings(bytes), cut: BigInt(length) < end - start };
  } catch (error) {
    // an incremental or lazy checkpoint has its older pages elsewhere: that is a fact about it, not a failure
    if (error instanceof NotInArchiveError) return undefined;
    throw error;
  }
}

/** Without the empty strings at the end: the padding that a title leaves. */
function splitStrings(bytes: Uint8Array): readonly string[] {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  if (end === 0) return [];
  return decodeText(bytes.subarray(0, end)).split('\0');
}
