import { Command } from 'commander';
import { COMMANDS } from './commands.js';
import { listenForInterrupts } from './interrupt.js';
import { reportError } from './report-error.js';
import { VERSION } from './version.js';

/** Builds the command line; only the command named in `argv` is loaded and configured. */
async function program(argv: readonly string[]): Promise<Command> {
  const root = new Command('coldcase')
    .description('From a running container to sealed evidence, and the evidence read sealed.')
    .version(VERSION, '-V, --version')
    .option('--debug', 'on an error, also print its stack and causes')
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => undefined }) // reportError prints it, as all others
    .exitOverride();
  const wanted = argv.find((word) => Object.hasOwn(COMMANDS, word));
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = root.command(name).description(entry.summary).exitOverride();
    if (name === wanted) (await entry.load()).configure(command);
  }
  return root;
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const root = await program(argv);
    if (argv.length === 0) root.help();
    await root.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const words = argv.slice(0, argv.indexOf('--') + 1 || argv.length);
    const wanted = words.find((word) => Object.hasOwn(COMMANDS, word));
    return reportError(error, words.includes('--debug'), wanted);
  }
}

// A reader that closes early (`coldcase ls ... | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

listenForInterrupts();
// No top-level await: commands import what this file imports, and would wait for it while it waits for them.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
