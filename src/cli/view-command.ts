import { Checkpoint } from '../checkpoint/checkpoint.js';
import { escapeText } from '../render/escape.js';
import type { Row } from '../render/table.js';
import type { AnyView, ViewOptions } from '../views/view.js';
import { ARCHIVE_HELP, type ArchiveOptions, addArchiveOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, addPidOption, type OutputOptions, printRows } from './output.js';
import { questionHelp } from './question-help.js';

interface ViewCommandOptions extends ArchiveOptions, OutputOptions {
  readonly pid?: number;
}

/** The command of a view: ARCHIVE, how to print, which process; all else is what the view says of itself. */
export function viewCommand(view: AnyView): CommandModule {
  const several = view.archives === 'several';
  return {
    configure: (command) => {
      command.argument(several ? '<archive...>' : '<archive>', ARCHIVE_HELP);
      addOutputOptions(addArchiveOptions(command));
      addPidOption(command, several ? 'refuse archives without this process' : 'only this process')
        .addHelpText('after', questionHelp(view))
        .action((given: string | readonly string[], options: ViewCommandOptions) =>
          show(view, typeof given === 'string' ? [given] : given, options),
        );
    },
  };
}

async function show(view: AnyView, locations: readonly string[], options: ViewCommandOptions): Promise<void> {
  const answers: (readonly Row[])[] = [];
  for (const location of locations) {
    await withArchive(location, options, async (archive) => {
      answers.push(await view.rows(new Checkpoint(archive), { pid: options.pid, note }));
    });
  }
  await printRows({ ...view, rows: answers.flat() }, options);
}

/** What rows cannot say goes to standard error. */
export const note: NonNullable<ViewOptions['note']> = (text) => {
  process.stderr.write(`coldcase: note: ${escapeText(text)}\n`);
};
