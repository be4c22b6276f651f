import { UsageError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import { type StringRuns, stepOf, stringRuns } from '../memory/strings.js';
import { escapeJson } from '../render/escape.js';
import { stringRow } from '../views/memory-strings.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { type MemoryTarget, memoryTargets, noteLost } from './memory-targets.js';
import { type LineFormat, StringLines } from './string-lines.js';
import { writeOut } from './write-out.js';

type Format = 'text' | 'json' | 'ndjson';

interface StringsOptions extends ArchiveOptions {
  readonly pid?: number;
  readonly format?: Format;
  readonly json?: true;
  readonly min: number;
  readonly encoding: 'ascii' | 'utf16';
}

const ESCAPES = { '\t': 't', '\\': '\\' };

/** Strings are written as they are found: there may be more of them than memory. */
export async function strings(location: string, options: StringsOptions): Promise<void> {
  if (options.min === 0)
    throw new UsageError('--min 0 would find a string everywhere', { remedy: 'at least 1' });
  const format = options.json === true ? 'json' : (options.format ?? 'text');
  await withArchive(location, options, async (archive) => {
    const { encoding, min } = options;
    const targets = await memoryTargets(archive, options.pid);
    let first = true;
    const write = async (blocks: Iterable<Uint8Array>): Promise<void> => {
      for (const block of blocks) {
        // in JSON a comma comes before each but the first
        await writeOut(first && format === 'json' ? block.subarray(1) : block);
        first = false;
      }
    };
    if (format === 'json') await writeOut('[');
    for (const target of targets) {
      const lines = new StringLines(lineFormat(target, format), stepOf(options));
      for await (const runs of stringRuns(target.space, { encoding, min, signal: interrupted })) {
        await write(lines.add(runs));
      }
      await write(lines.take());
    }
    if (format === 'json') await writeOut('\n]\n');
    noteLost(targets);
  });
}

/** How the strings of a process are written. */
export function lineFormat(target: Pick<MemoryTarget, 'pid' | 'space'>, format: Format): LineFormat {
  if (format === 'text') {
    const pid = String(target.pid).padStart(7);
    const head = (address: bigint) => `${pid} ${formatAddress(address).padStart(18)} `;
    return { head, tail: '\n', escapes: ESCAPES };
  }
  const before = format === 'json' ? ',\n  ' : '';
  const end = '"}'; // of the text, which is the last field, and of the row
  const head = (address: bigint, { vma }: StringRuns): string => {
    const row = escapeJson(JSON.stringify(stringRow(target, { address, text: '', vma })));
    return before + row.slice(0, -end.length);
  };
  return { head, tail: format === 'json' ? end : `${end}\n`, escapes: { ...ESCAPES, '"': '"' } };
}
