import { Checkpoint } from '../checkpoint/checkpoint.js';
import { DIFF_COLUMNS, diffCheckpoints, diffTree } from '../views/diff.js';
import { ARCHIVE_HELP, type ArchiveOptions, addArchiveOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, addPidOption, type OutputOptions, printRows } from './output.js';
import { examplesHelp, fieldsHelp, note } from './view-command.js';

export const diffCommand: CommandModule = {
  configure: (command) => {
    command.argument('<before>', ARCHIVE_HELP).argument('<after>', 'the later checkpoint');
    addPidOption(addOutputOptions(addArchiveOptions(command)))
      .addHelpText('after', `\n${fieldsHelp(DIFF_COLUMNS)}\n\n${examplesHelp(EXAMPLES)}`)
      .action(diff);
  },
};

const EXAMPLES = [
  'coldcase diff monday.tar tuesday.tar --format tree',
  'coldcase diff monday.tar tuesday.tar --filter area=environment --json',
];

async function diff(
  before: string,
  after: string,
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  await withArchive(before, options, (first) =>
    withArchive(after, options, async (second) => {
      const rows = await diffCheckpoints(new Checkpoint(first), new Checkpoint(second), {
        pid: options.pid,
        note,
      });
      await printRows({ columns: DIFF_COLUMNS, rows, tree: diffTree }, options);
    }),
  );
}
