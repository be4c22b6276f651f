import { Command } from 'commander';
import { COMMANDS } from './commands.js';
import { fitHelp } from './help-text.js';
import { listenForInterrupts } from './interrupt.js';
import { endWithTerminal } from './lost-terminal.js';
import { reportError } from './report-error.js';
import { VERSION } from './version.js';

/** Builds the command line; only the command named in `argv` is loaded and configured. */
async function program(argv: readonly string[]): Promise<Command> {
  const root = new Command('coldcase')
    .description('From a running container to sealed evidence, and the evidence read sealed.')
    .version(VERSION, '-V, --version')
    .option('--debug', 'on an error, also print its stack and causes')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => process.stdout.write(fitHelp(text, process.stdout.columns ?? 80)),
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

async function main(argv: readonly string[]): Promise<number> {
  try {
    const root = await program(argv);
    if (argv.length === 0) root.help();
    await root.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const words = argv.slice(0, argv.indexOf('--') + 1 || argv.length);
    return reportError(error, words.includes('--debug'), await commandOf(words));
  }
}

endWithTerminal();
listenForInterrupts();
// No top-level await: commands import what this file imports, and would wait for it while it waits for them.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
