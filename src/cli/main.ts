import { Command } from 'commander';
import { hideUrlsAmong } from '../base/shown-url.js';
import { commandLine } from './arguments.js';
import { COMMANDS } from './commands.js';
import { fitHelp } from './help-text.js';
import { listenForInterrupts } from './interrupt.js';
import { reportError } from './report-error.js';
import { endWithTerminal, tellOfCrashes } from './standard-streams.js';
import { VERSION } from './version.js';
import { ReaderGoneError, writeOut } from './write-out.js';

/** Help on its way to standard output: commander does not wait for it. */
let help: Promise<void> = Promise.resolve();

/** Builds the command line; only the command named in `argv` is loaded and configured. */
async function program(argv: readonly string[]): Promise<Command> {
  const root = new Command('coldcase')
    .description('From a running container to sealed evidence, and the evidence read sealed.')
    .version(VERSION, '-V, --version')
    .option('--debug', 'on an error, also print its stack and causes')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => {
        help = writeOut(fitHelp(text, process.stdout.columns ?? 80));
        help.catch(() => {}); // told by `main`
      },
      outputError: () => undefined, // reportError prints it, as all others
    })
    .exitOverride();
  const wanted = argv.find((word) => Object.hasOwn(COMMANDS, word));
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = root.command(name).description(entry.summary).exitOverride();
    if (name === wanted) (await entry.load()).configure(command);
  }
  return root;
}

/** The command that words are for, with its subcommand: `memory dump`. */
async function commandOf(words: readonly string[]): Promise<string | undefined> {
  const at = words.findIndex((word) => Object.hasOwn(COMMANDS, word));
  const name = words[at];
  if (name === undefined) return undefined;
  const command = (await program([name])).commands.find((one) => one.name() === name);
  const sub = command?.commands.find((one) => one.name() === words[at + 1]);
  return sub === undefined ? name : `${name} ${sub.name()}`;
}

/** What stands for options: what is behind `--` does not. */
const optionsOf = (argv: readonly string[]): readonly string[] =>
  argv.slice(0, argv.indexOf('--') + 1 || argv.length);

async function main(argv: readonly string[]): Promise<number> {
  const words = optionsOf(argv);
  const debug = words.includes('--debug');
  try {
    const root = await program(argv);
    if (argv.length === 0) root.help();
    await root.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const helped = await help.catch((failure: unknown) => failure);
    if (helped !== undefined) return reportError(helped, debug);
    if (error instanceof ReaderGoneError) process.exit(error.exitCode); // whatever still runs is for nobody
    return reportError(error, debug, await commandOf(words));
  }
}

const argv = commandLine();
hideUrlsAmong(argv);
endWithTerminal();
tellOfCrashes((error) => reportError(error, optionsOf(argv).includes('--debug')));
listenForInterrupts();
// No top-level await: commands import what this file imports, and would wait for it while it waits for them.
void main(argv).then((code) => {
  process.exitCode = code;
});
