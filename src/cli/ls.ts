import { selectEntries } from '../archive/select.js';
import { type LsRow, lsQuestion, lsRow } from '../views/ls.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, type OutputOptions, printRows } from './output.js';
import { questionHelp } from './question-help.js';

export const lsCommand: CommandModule = {
  configure: (command) => {
    addOutputOptions(addArchiveArgument(command))
      .argument(
        '[pattern...]',
        'only entries of these names; * ? ** as in a shell, ENTRY//PATTERN looks into a tar',
      )
      .addHelpText('after', questionHelp(lsQuestion))
      .action(list);
  },
};

async function list(
  location: string,
  patterns: readonly string[],
  options: ArchiveOptions & OutputOptions,
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows: LsRow[] = [];
    for (const pattern of patterns.length === 0 ? [''] : patterns) {
      for (const { entry, path } of await selectEntries(archive, pattern)) rows.push(lsRow(entry, path));
    }
    await printRows({ ...lsQuestion, rows }, options);
  });
}
