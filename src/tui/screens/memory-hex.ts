import { formatAddress, formatSize } from '../../base/units.js';
import type { Mapping } from '../../checkpoint/mappings.js';
import { type AddressSpace, notInArchive, type Segment } from '../../criu/address-space.js';
import { compilePattern } from '../../memory/pattern.js';
import { searchMemory } from '../../memory/search.js';
import { patternRequest } from '../core/byte-pattern.js';
import type { Bytes, HexContent, HexHit, Region } from '../core/hex.js';
import type { Extract, Run } from '../core/work.js';
import { BytePages } from './byte-pages.js';
import type { Workspace } from './workspace.js';

/** The memory of a process as hex, whatever is behind each address. */
export async function memoryHex(workspace: Workspace, pid: number, changed: () => void): Promise<HexContent> {
  const { checkpoint } = workspace;
  const [process] = await checkpoint.select(pid);
  const { space } = await (await checkpoint.memory()).process(pid);
  const mappings = process === undefined ? [] : await checkpoint.mappings(process);
  const regions = mappings.flatMap((mapping) => mappingRegions(space, mapping));
  const stored = new StoredPages(changed);
  return {
    kind: 'hex',
    regions,
    pid,
    empty: 'no memory: a zombie',
    peek: (address, length) => peek(space, stored, address, length),
    find: (pattern, from, by, run) => find(workspace, space, pid, pattern, from, by, run),
    extract: (from, to) => memoryExtract(space, pid, from, to),
    whole: (address) => {
      const vma = space.vmaAt(address);
      return memoryExtract(space, pid, vma?.start ?? address, vma?.end ?? address + 1n);
    },
  };
}

/** The pages of a mapping that the archive holds, and in one row each what it does not hold or is all zeros. */
function mappingRegions(space: AddressSpace, mapping: Mapping): Region[] {
  const { start, end, perms, kind, path } = mapping;
  const range = `${formatAddress(start)}-${formatAddress(end)}`;
  const label = `${range} ${formatSize(end - start)} ${perms} ${path ?? `[${kind}]`}`;
  const regions: Region[] = [];
  for (const segment of space.segments(start, end)) {
    const { backing } = segment;
    const before = regions.at(-1);
    const folded =
      backing.kind === 'pages'
        ? undefined
        : backing.kind === 'zero'
          ? 'never written: reads as zeros'
          : absence(segment.start, backing);
    const goesOn = folded === undefined && before !== undefined && before.folded === undefined;
    if (goesOn && before.end === segment.start) {
      regions[regions.length - 1] = { ...before, end: segment.end };
    } else {
      regions.push({
        start: segment.start,
        end: segment.end,
        label,
        heading: regions.length === 0,
        folded,
      });
    }
  }
  return regions;
}

function absence(address: bigint, backing: Parameters<typeof notInArchive>[1]): string {
  return notInArchive(address, backing).message.replace(/^memory at 0x[0-9a-f]+ /, '');
}

/** Bytes of the pages images, each through a small cache of its own. */
class StoredPages {
  readonly #changed: () => void;
  readonly #caches = new Map<object, BytePages>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  peek(segment: Segment & { backing: { kind: 'pages' } }, address: bigint, length: number): Bytes {
    const { source } = segment.backing.pages;
    let cache = this.#caches.get(source);
    if (cache === undefined) {
      cache = new BytePages(source.size, (offset, size) => source.read(offset, size), this.#changed);
      this.#caches.set(source, cache);
    }
    return cache.peek(segment.backing.offset + Number(address - segment.start), length);
  }
}

function peek(space: AddressSpace, stored: StoredPages, address: bigint, length: number): Bytes {
  const parts: Uint8Array[] = [];
  let at = address;
  for (const segment of space.segments(address, address + BigInt(length))) {
    const { start, end, backing } = segment;
    if (start !== at) break;
    at = end;
    const size = Number(end - start);
    if (backing.kind === 'zero') parts.push(new Uint8Array(size));
    else if (backing.kind === 'pages') {
      const bytes = stored.peek({ ...segment, backing }, start, size);
      if (bytes.state !== 'here') return bytes;
      parts.push(bytes.bytes);
    } else {
      return { state: 'absent', why: absence(start, backing) };
    }
  }
  const [only] = parts;
  if (only === undefined || at < address + BigInt(length)) return { state: 'absent', why: 'is not mapped' };
  return { state: 'here', bytes: parts.length === 1 ? only : Buffer.concat(parts) };
}

/** How far a search backwards looks at a time. */
const BACKWARDS = 64n << 20n;

async function find(
  workspace: Workspace,
  space: AddressSpace,
  pid: number,
  text: string,
  from: bigint,
  by: 1 | -1,
  run: Run,
): Promise<HexHit | undefined> {
  const pattern = compilePattern(patternRequest(text));
  const targets = [{ pid, space }];
  const base = { targets, pattern, signal: run.signal, onProgress: run.progress };
  if (by > 0) {
    for await (const match of searchMemory(workspace.archive, { ...base, start: from + 1n })) {
      return { address: match.address, length: match.bytes.length };
    }
    return undefined;
  }
  // backwards in stretches of what is mapped, the last match of the nearest one that has any
  for (const { start, end } of stretchesBefore(space, from)) {
    let last: HexHit | undefined;
    for await (const match of searchMemory(workspace.archive, { ...base, start, end })) {
      last = { address: match.address, length: match.bytes.length };
    }
    if (last !== undefined) return last;
  }
  return undefined;
}

function* stretchesBefore(space: AddressSpace, from: bigint): Generator<{ start: bigint; end: bigint }> {
  let end = from;
  let size = 0n;
  for (const { start, end: vmaEnd } of space.vmas.filter((vma) => vma.start < from).toReversed()) {
    size += (vmaEnd < from ? vmaEnd : from) - start;
    if (size < BACKWARDS) continue;
    yield { start, end };
    end = start;
    size = 0n;
  }
  if (end > 0n) yield { start: 0n, end };
}

const CHUNK = 1n << 20n;

/** Memory as it was, to a file. What the archive does not hold is an error, not zeros. */
function memoryExtract(space: AddressSpace, pid: number, from: bigint, to: bigint): Extract {
  return {
    name: `pid${pid}-${formatAddress(from)}-${formatAddress(to)}.bin`,
    size: Number(to - from),
    async *stream(signal) {
      for (let at = from; at < to; at += CHUNK) {
        signal.throwIfAborted();
        yield await space.read(at, Number(to - at < CHUNK ? to - at : CHUNK));
      }
    },
  };
}
