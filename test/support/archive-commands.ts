import { Command } from 'commander';
import { COMMANDS } from '../../src/cli/commands.js';

/** A command that takes an archive, or another file to read, as its first argument. */
export interface ArchiveCommand {
  /** `memory dump`. */
  readonly name: string;
  /** Whether it opens sealed files: it has -i. */
  readonly opens: boolean;
  /** The command line that asks it about an archive. */
  readonly words: (archive: string) => string[];
}

/** What commands call an argument that is one. */
const ARCHIVES = ['archive', 'file', 'before', 'after'];

/** What the options and further arguments that a command cannot do without are given as. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  unseal: ['-o', '-'],
  seal: ['-o', '-', '-r', 'age1u5dhxvvw235n7kkhgx09ytp2gju49gmggnuw47xrmh0z8udyxvhsxmjsuz'],
};

/** Every one that there is, found by asking the commands themselves: a new one is among them without a word. */
export async function archiveCommands(): Promise<ArchiveCommand[]> {
  const found: ArchiveCommand[] = [];
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const command = new Command(name);
    (await entry.load()).configure(command);
    for (const each of command.commands.length > 0 ? command.commands : [command]) {
      const path = each === command ? [name] : [name, each.name()];
      const [first, ...others] = each.registeredArguments;
      if (first === undefined || !ARCHIVES.includes(first.name())) continue;
      const needed = each.options
        .filter((option) => option.mandatory)
        .flatMap(({ long }) => [long ?? '', '1']);
      const opens = each.options.some(({ long }) => long === '--identity');
      const words = (archive: string): string[] => [
        ...[...path, archive],
        ...others
          .filter(({ required }) => required)
          .map((argument) => (ARCHIVES.includes(argument.name()) ? archive : '1')),
        ...[...needed, ...(OPTIONS[name] ?? [])],
      ];
      found.push({ name: path.join(' '), opens, words });
    }
  }
  return found;
}
