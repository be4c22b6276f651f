import { UsageError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import { findStrings } from '../memory/strings.js';
import { escapeJson, escapeText } from '../render/escape.js';
import { stringRow } from '../views/memory-rows.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { memoryTargets, noteLost } from './memory-targets.js';
import { writeOut } from './output.js';

interface StringsOptions extends ArchiveOptions {
  readonly pid?: number;
  readonly format?: 'text' | 'json' | 'ndjson';
  readonly json?: true;
  readonly min: number;
  readonly encoding: 'ascii' | 'utf16';
}

/** Output is written when so many characters of it are there. */
const BLOCK = 1024 * 1024;

/** Strings are written as they are found: there may be more of them than memory. */
export async function strings(location: string, options: StringsOptions): Promise<void> {
  if (options.min === 0)
    throw new UsageError('--min 0 would find a string everywhere', { remedy: 'at least 1' });
  const format = options.json === true ? 'json' : (options.format ?? 'text');
  await withArchive(location, options, async (archive) => {
    const { encoding, min } = options;
    let block = format === 'json' ? '[' : '';
    let first = true;
    const targets = await memoryTargets(archive, options.pid);
    for (const target of targets) {
      for await (const batch of findStrings(target.space, { encoding, min, signal: interrupted })) {
        for (const found of batch) {
          if (format === 'text') {
            block += `${String(target.pid).padStart(7)} ${formatAddress(found.address).padStart(18)} ${escapeText(found.text)}\n`;
          } else {
            const json = escapeJson(JSON.stringify(stringRow(target, found)));
            block += format === 'ndjson' ? `${json}\n` : `${first ? '\n  ' : ',\n  '}${json}`;
          }
          first = false;
          if (block.length < BLOCK) continue;
          await writeOut(block);
          block = '';
        }
      }
    }
    await writeOut(format === 'json' ? `${block}\n]\n` : block);
    noteLost(targets);
  });
}
