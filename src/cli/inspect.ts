import { type Command, Option } from 'commander';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import { renderJsonValue } from '../render/json.js';
import { type Inspection, type InspectSections, inspect } from '../views/inspect.js';
import { ARCHIVE_HELP, type ArchiveOptions, addArchiveOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addPidOption, printTree } from './output.js';
import { examplesHelp } from './question-help.js';
import { note } from './view-command.js';
import { writeOut } from './write-out.js';

interface InspectOptions extends ArchiveOptions, InspectSections {
  readonly all?: true;
  readonly pid?: number;
  readonly format?: 'tree' | 'json' | 'ndjson';
  readonly json?: true;
}

export const inspectCommand: CommandModule = {
  configure: (command) => {
    addSections(command.argument('<archive...>', ARCHIVE_HELP));
    addArchiveOptions(addPidOption(command))
      .addOption(
        new Option('--format <format>', 'how it is printed')
          .choices(['tree', 'json', 'ndjson'])
          .default('tree'),
      )
      .option('--json', 'short for --format json')
      .addHelpText('after', `\n${FIELDS}\n\n${examplesHelp(EXAMPLES)}`)
      .action(run);
  },
};

function addSections(command: Command): Command {
  return command
    .option('--all', 'everything below')
    .option('--ps-tree', 'the processes')
    .option('--ps-tree-cmd', 'the processes with their arguments')
    .option('--ps-tree-env', 'the processes with their environment')
    .option('--files', 'open files')
    .option('--sockets', 'sockets')
    .option('--mounts', 'mounts')
    .option('--metadata', 'what the engine recorded: pod, annotations, labels')
    .option('--stats', 'what the dump took')
    .option('--network', 'network devices, addresses, routes, firewall rules')
    .option('--ipc', 'System V shared memory, semaphores, message queues');
}

const EVERYTHING: InspectSections = {
  stats: true,
  metadata: true,
  psTree: true,
  psTreeCmd: true,
  psTreeEnv: true,
  files: true,
  sockets: true,
  mounts: true,
  network: true,
  ipc: true,
};

const FIELDS = `--json prints a list with one object an archive: the fields of show; imageId, started, addresses, macs,
networks; and as asked for statistics (times in microseconds), metadata, processes (the fields of ps, with
environment and children), files, sockets, mounts, network, ipc (the rows of the commands of that name).`;

const EXAMPLES = [
  'coldcase inspect checkpoint.tar --all',
  'coldcase inspect evidence.tar.zst.age -i key.txt --files --sockets -p 3',
  'coldcase inspect checkpoint.tar --ps-tree-env --json',
];

async function run(locations: readonly string[], options: InspectOptions): Promise<void> {
  const sections = options.all === true ? EVERYTHING : options;
  const found: Inspection[] = [];
  for (const location of locations) {
    await withArchive(location, options, async (archive) => {
      found.push(await inspect(new Checkpoint(archive), sections, { pid: options.pid, note }));
    });
  }
  if (options.json === true || options.format === 'json') {
    await print(renderJsonValue(found.map((one) => one.json())));
  } else if (options.format === 'ndjson') {
    for (const one of found) await print(renderJsonValue(one.json(), 'line'));
  } else {
    await printTree(found.map((one) => one.tree()));
  }
}

async function print(pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) await writeOut(piece);
}
