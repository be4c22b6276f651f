import { type Command, InvalidArgumentError, Option } from 'commander';
import { memoryListQuestion } from '../views/memory-list.js';
import { memorySearchQuestion } from '../views/memory-search.js';
import { memoryStringsQuestion } from '../views/memory-strings.js';
import { addArchiveArgument } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, addPidOption, parsePid } from './output.js';
import { examplesHelp, questionHelp } from './question-help.js';

export const memoryCommand: CommandModule = {
  configure: (command) => {
    addList(command.command('list').description(memoryListQuestion.summary));
    addDump(command.command('dump').description('memory of a process in hex and ASCII, or raw'));
    addSearch(command.command('search').description(memorySearchQuestion.summary));
    command.addHelpText('after', MEMORY_HELP);
    addStrings(command.command('strings').description(memoryStringsQuestion.summary));
  },
};

function addList(command: Command): void {
  addPidOption(addOutputOptions(addArchiveArgument(command)))
    .addHelpText('after', questionHelp(memoryListQuestion))
    .action(async (location, options) => (await import('./memory-list.js')).listMemory(location, options));
}

function addDump(command: Command): void {
  addArchiveArgument(command)
    .requiredOption('-p, --pid <pid>', 'the process', parsePid)
    .addOption(new Option('--range <start-end>', 'only these addresses, in hex').conflicts('vma'))
    .option('--vma <address>', 'only the mapping that holds this address, in hex')
    .option('--raw', 'the bytes as they are; needs --range or --vma')
    .option('-o, --output <file>', 'write to a file, 0600, instead of standard output')
    .option('--force', 'replace the file if it exists; write raw bytes to a terminal too')
    .addHelpText('after', DUMP_HELP)
    .action(async (location, options) => (await import('./memory-dump.js')).dump(location, options));
}

function addSearch(command: Command): void {
  addPidOption(addOutputOptions(addArchiveArgument(command)))
    .argument('<pattern>', 'text to search for; what else it may be is said by an option')
    .addOption(new Option('-E, --regex', 'the pattern is a regular expression (JavaScript)').conflicts('hex'))
    .option('--hex', 'the pattern is bytes in hex, ? for any digit: "48 8b ?? 05"')
    .option('--utf16', 'find the text as UTF-16LE too')
    .option('--ignore-case', 'ASCII letters match either case')
    .option('--context <bytes>', 'show as many bytes before and after', parseCount(4096), 0)
    .option('--max <n>', 'stop after so many matches; 0 for all', parseCount(0xffffffff), 10_000)
    .option('-q, --quiet', 'no progress, no notes')
    .addHelpText('after', questionHelp(memorySearchQuestion))
    .action(async (location, pattern, options) =>
      (await import('./memory-search.js')).search(location, pattern, options),
    );
}

function addStrings(command: Command): void {
  addPidOption(addArchiveArgument(command))
    .addOption(new Option('--format <format>', 'how they are printed').choices(['text', 'json', 'ndjson']))
    .option('--json', 'short for --format json')
    .option('--min <n>', 'shortest string', parseCount(65536), 4)
    .addOption(new Option('--encoding <encoding>').choices(['ascii', 'utf16']).default('ascii'))
    .addHelpText('after', questionHelp(memoryStringsQuestion, 'Fields of --json:'))
    .action(async (location, options) => (await import('./memory-strings.js')).strings(location, options));
}

function parseCount(most: number): (text: string) => number {
  return (text) => {
    if (!/^[0-9]{1,10}$/.test(text) || Number(text) > most) {
      throw new InvalidArgumentError(`not a number up to ${most}.`);
    }
    return Number(text);
  };
}

const MEMORY_HELP = `
coldcase memory COMMAND --help says more of each.

${examplesHelp([
  'coldcase memory list evidence.tar.zst.age -i key.txt',
  'coldcase memory search evidence.tar.zst.age -i key.txt AKIA',
])}`;

const DUMP_HELP = `
Looks like hexdump -C, with a heading for each mapping; what is not in the archive is named, not shown as zeros.
--raw fails if any byte asked for is not in the archive.

${examplesHelp([
  'coldcase memory dump checkpoint.tar --pid 4 --vma 7ff81cfe0000',
  'coldcase memory dump checkpoint.tar --pid 4 --range 3a0ae000-3a0af000 --raw -o heap.bin',
])}`;
