import { Checkpoint } from '../checkpoint/checkpoint.js';
import { sharedBudget } from '../checkpoint/images.js';
import { diffCheckpoints, diffQuestion } from '../views/diff.js';
import { ARCHIVE_HELP, type ArchiveOptions, addArchiveOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, addPidOption, type OutputOptions, printRows } from './output.js';
import { questionHelp } from './question-help.js';
import { note } from './view-command.js';

export const diffCommand: CommandModule = {
  configure: (command) => {
    command.argument('<before>', ARCHIVE_HELP).argument('<after>', 'the later checkpoint');
    addPidOption(addOutputOptions(addArchiveOptions(command)))
      .addHelpText('after', questionHelp(diffQuestion))
      .action(diff);
  },
};

async function diff(
  before: string,
  after: string,
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  await withArchive(before, options, (first) =>
    withArchive(after, options, async (second) => {
      const budget = sharedBudget();
      const both = [new Checkpoint(first, budget), new Checkpoint(second, budget)] as const;
      const rows = await diffCheckpoints(...both, { pid: options.pid, note });
      await printRows({ ...diffQuestion, rows }, options);
    }),
  );
}
