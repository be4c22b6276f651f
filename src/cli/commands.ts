import type { CommandModule } from './command.js';

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help text. Only the one that is asked for is loaded. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  ls: {
    summary: 'list the entries of an archive',
    load: async () => (await import('./ls.js')).lsCommand,
  },
  cat: {
    summary: 'write entries of an archive to standard output',
    load: async () => (await import('./cat.js')).catCommand,
  },
  extract: {
    summary: 'write entries of an archive to a directory, safely',
    load: async () => (await import('./extract.js')).extractCommand,
  },
  decode: {
    summary: 'CRIU images as the JSON of crit',
    load: async () => (await import('./decode.js')).decodeCommand,
  },
  doctor: {
    summary: 'is this node ready to checkpoint, and is it safe to',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
};
