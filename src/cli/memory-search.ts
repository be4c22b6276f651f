import { FailedError } from '../base/errors.js';
import { compilePattern } from '../memory/pattern.js';
import { searchMemory } from '../memory/search.js';
import { type MatchRow, matchRow, memorySearchQuestion, stoppedRow } from '../views/memory-search.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { memoryTargets, noteLost } from './memory-targets.js';
import { formatOf, type OutputOptions, printRows } from './output.js';
import { createProgress } from './progress.js';

interface SearchOptions extends ArchiveOptions, OutputOptions {
  readonly pid?: number;
  readonly regex?: true;
  readonly hex?: true;
  readonly utf16?: true;
  readonly ignoreCase?: true;
  readonly context: number;
  readonly max: number;
  readonly quiet?: true;
}

/** Rows of ndjson are printed in groups of so many, as they come. */
const GROUP = 500;

export async function search(location: string, text: string, options: SearchOptions): Promise<void> {
  const kind = options.regex ? 'regex' : options.hex ? 'hex' : 'literal';
  const pattern = compilePattern({
    ...{ text, kind },
    ignoreCase: options.ignoreCase === true,
    utf16: options.utf16 === true,
  });
  const progress = createProgress(options);
  await withArchive(location, options, async (archive) => {
    const targets = await memoryTargets(archive, options.pid);
    const byPid = new Map(targets.map((target) => [target.pid, target]));
    const rows: MatchRow[] = [];
    let stopped = 0;
    let found = 0;
    const matches = searchMemory(archive, {
      ...{ targets, pattern, context: options.context, signal: interrupted },
      onProgress: (done, total) => progress.report('searching', done, total),
      onStopped: (stretch) => {
        stopped += 1;
        const target = byPid.get(stretch.pid);
        if (target !== undefined) rows.push(stoppedRow(target, stretch));
      },
    });
    try {
      for await (const match of matches) {
        const target = byPid.get(match.pid);
        if (target !== undefined) rows.push(matchRow(target, match));
        found += 1;
        if (found === options.max) break;
        if (rows.length < GROUP || formatOf(options) !== 'ndjson') continue;
        await printRows({ ...memorySearchQuestion, rows: rows.splice(0) }, options);
      }
    } finally {
      // also what was found before an error or Ctrl-C
      progress.clear();
      await printRows({ ...memorySearchQuestion, rows }, options);
    }
    if (options.quiet !== true) noteLost(targets);
    if (found === options.max && options.quiet !== true) {
      process.stderr.write(
        `coldcase: stopped after ${found} matches; a larger --max, or --max 0, finds more\n`,
      );
    }
    if (stopped > 0) {
      throw new FailedError(`the regular expression took too long for ${stopped} stretches of memory`, {
        remedy: 'they are listed without a match; a simpler expression gets through them',
      });
    }
  });
}
