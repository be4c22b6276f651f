import { UnsafeError, UsageError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import { writeAside } from '../base/write-aside.js';
import { type AddressSpace, notInArchive, type Segment, type Vma, vmaRights } from '../criu/address-space.js';
import { MemoryImages } from '../criu/memory.js';
import { memoryChunks } from '../memory/contents.js';
import { HexDump } from '../memory/hexdump.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { writeOut } from './write-out.js';

interface DumpOptions extends ArchiveOptions {
  readonly pid: number;
  readonly range?: string;
  readonly vma?: string;
  readonly raw?: true;
  readonly output?: string;
  readonly force?: true;
}

type Write = (data: string | Uint8Array) => Promise<void>;

export async function dump(location: string, options: DumpOptions): Promise<void> {
  if (options.raw && options.range === undefined && options.vma === undefined) {
    throw new UsageError('--raw needs to know what', { remedy: 'add --range START-END or --vma ADDRESS' });
  }
  if (options.raw && options.output === undefined && process.stdout.isTTY && options.force !== true) {
    throw new UnsafeError('raw memory is not for a terminal', {
      remedy: 'add -o FILE, or send it to a pipe',
    });
  }
  await withArchive(location, options, async (archive) => {
    const { space } = await new MemoryImages(archive).process(options.pid);
    const range = rangeOf(space, options);
    const print = options.raw ? dumpRaw : dumpHex;
    if (options.output === undefined) return print(space, range, writeOut);
    await writeAside(options.output, { force: options.force }, ({ output }) =>
      print(space, range, (data) => output.append(data)),
    );
  });
}

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

function rangeOf(space: AddressSpace, options: DumpOptions): Range {
  if (options.vma !== undefined) {
    const address = parseAddress(options.vma);
    const vma = space.vmaAt(address);
    if (vma === undefined) throw notInArchive(address, undefined);
    return vma;
  }
  if (options.range === undefined) return { start: 0n, end: 1n << 64n };
  const [start, end, more] = options.range.split('-');
  if (start === undefined || end === undefined || more !== undefined) throw badRange(options.range);
  const range = { start: parseAddress(start), end: parseAddress(end) };
  if (range.start >= range.end) throw badRange(options.range);
  return range;
}

function badRange(text: string): UsageError {
  return new UsageError(`${text} is no range of addresses`, { remedy: 'write START-END in hex: 7f00-7fff' });
}

function parseAddress(text: string): bigint {
  if (!/^(0x)?[0-9a-f]{1,16}$/i.test(text)) {
    throw new UsageError(`${text} is no address`, { remedy: 'write it in hex, with or without 0x' });
  }
  return BigInt(text.startsWith('0x') || text.startsWith('0X') ? text : `0x${text}`);
}

/** The bytes alone. Checked first: nothing is written when any of them is not in the archive. */
async function dumpRaw(space: AddressSpace, { start, end }: Range, write: Write): Promise<void> {
  let at = start;
  for (const segment of space.segments(start, end)) {
    if (segment.start > at) break;
    const { kind } = segment.backing;
    if (kind !== 'pages' && kind !== 'zero') throw notInArchive(segment.start, segment.backing);
    at = segment.end;
  }
  if (at < end) throw notInArchive(at, undefined);
  for await (const { size, bytes } of memoryChunks(space, { start, end, signal: interrupted })) {
    if (bytes !== undefined) await write(bytes);
    else await writeZeros(size, write);
  }
}

const ZEROS = new Uint8Array(1 << 20);

async function writeZeros(count: bigint, write: Write): Promise<void> {
  for (let left = count; left > 0n; left -= BigInt(ZEROS.length)) {
    interrupted.throwIfAborted();
    await write(left < BigInt(ZEROS.length) ? ZEROS.subarray(0, Number(left)) : ZEROS);
  }
}

/** A heading for each mapping, then its bytes; a line for what is not in the archive. */
async function dumpHex(space: AddressSpace, { start, end }: Range, write: Write): Promise<void> {
  let vma: Vma | undefined;
  let hex: HexDump | undefined;
  let origin: string | undefined;
  for await (const chunk of memoryChunks(space, { start, end, signal: interrupted })) {
    const { address, size, segment, bytes } = chunk;
    if (segment.vma !== vma) {
      await write(`${hex?.end() ?? ''}${vma === undefined ? '' : '\n'}${heading(space, segment.vma)}`);
      vma = segment.vma;
      hex = undefined;
      origin = undefined;
    }
    const { kind } = segment.backing;
    if (kind === 'pages' || kind === 'zero') {
      const from = deletedFileOf(segment, origin);
      if (from !== origin) {
        await write(`${hex?.end() ?? ''}${from === undefined ? PROCESS_PAGES : from}`);
        hex = undefined;
        origin = from;
      }
      hex ??= new HexDump(address);
      await write(bytes === undefined ? hex.pushZeros(size) : hex.push(bytes));
    } else {
      const problem = notInArchive(address, segment.backing).message;
      await write(`${hex?.end() ?? ''}# ${size} bytes: ${escapeText(problem)}\n`);
      hex = undefined;
    }
  }
  await write(hex?.end() ?? '');
  if (vma === undefined) throw notInArchive(start, undefined);
}

/** A zero behind the end of a deleted file belongs to it as well, and is not told apart. */
function deletedFileOf({ backing }: Segment, before: string | undefined): string | undefined {
  if (backing.kind === 'zero') return before;
  if (backing.kind !== 'pages' || backing.deletedFile === undefined) return undefined;
  return `# unchanged since the file was mapped; from its copy in the archive, ${escapeText(backing.pages.name)}\n`;
}

const PROCESS_PAGES = '# pages of the process\n';

function heading(space: AddressSpace, vma: Vma): string {
  const range = `${formatAddress(vma.start)}-${formatAddress(vma.end)}`;
  return `# ${range} ${vmaRights(vma)} ${escapeText(space.nameOf(vma))}\n`;
}
