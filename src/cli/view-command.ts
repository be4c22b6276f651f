import { Checkpoint } from '../checkpoint/checkpoint.js';
import { escapeText } from '../render/escape.js';
import type { AnyColumn } from '../render/table.js';
import type { AnyView, ViewOptions } from '../views/view.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, addPidOption, type OutputOptions, printRows } from './output.js';

interface ViewCommandOptions extends ArchiveOptions, OutputOptions {
  readonly pid?: number;
}

/** The command of a view: ARCHIVE, how to print, which process; its fields are listed in its help. */
export function viewCommand(view: AnyView, examples: readonly string[]): CommandModule {
  return {
    configure: (command) => {
      addPidOption(addOutputOptions(addArchiveArgument(command)))
        .addHelpText('after', `\n${fieldsHelp(view.columns)}\n\n${examplesHelp(examples)}`)
        .action((location: string, options: ViewCommandOptions) => show(view, location, options));
    },
  };
}

async function show(view: AnyView, location: string, options: ViewCommandOptions): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows = await view.rows(new Checkpoint(archive), { pid: options.pid, note });
    await printRows({ ...view, rows }, options);
  });
}

/** What rows cannot say goes to standard error. */
export const note: NonNullable<ViewOptions['note']> = (text) => {
  process.stderr.write(`coldcase: note: ${escapeText(text)}\n`);
};

/** The fields of --json, of --filter and of --columns, for the end of a help text. */
export function fieldsHelp(columns: readonly AnyColumn[]): string {
  const widest = Math.max(...columns.map(({ key }) => key.length));
  const lines = columns.map(({ key, about }) => `  ${key.padEnd(widest)}  ${about ?? ''}`.trimEnd());
  return ['Fields (--json, --filter, --columns):', ...lines].join('\n');
}

export function examplesHelp(examples: readonly string[]): string {
  return ['Examples:', ...examples.map((example) => `  ${example}`)].join('\n');
}
