import { Checkpoint } from '../checkpoint/checkpoint.js';
import { type ShowRow, showView } from '../views/show.js';
import { ARCHIVE_HELP, type ArchiveOptions, addArchiveOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, type OutputOptions, parsePid, printRows } from './output.js';
import { examplesHelp, fieldsHelp } from './view-command.js';

export const showCommand: CommandModule = {
  configure: (command) => {
    addArchiveOptions(command.argument('<archive...>', ARCHIVE_HELP));
    addOutputOptions(command)
      .option('-p, --pid <pid>', 'refuse archives without this process', parsePid)
      .addHelpText('after', `\n${fieldsHelp(showView.columns)}\n\n${examplesHelp(EXAMPLES)}`)
      .action(show);
  },
};

const EXAMPLES = [
  'coldcase show /var/lib/kubelet/checkpoints/*.tar',
  'coldcase show evidence.tar.zst.age -i key.txt --json',
];

async function show(
  locations: readonly string[],
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  const rows: ShowRow[] = [];
  for (const location of locations) {
    await withArchive(location, options, async (archive) => {
      rows.push(...(await showView.rows(new Checkpoint(archive), { pid: options.pid })));
    });
  }
  await printRows({ ...showView, rows }, options);
}
