import { QUESTIONS, VIEWS } from '../views/registry.js';
import type { ViewEntry } from '../views/view.js';
import type { CommandModule } from './command.js';

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

function ofView({ summary, load }: ViewEntry): CommandEntry {
  return {
    summary,
    load: async () => (await import('./view-command.js')).viewCommand(await load()),
  };
}

/** The commands that views are, without a file for each. */
function viewCommands(): Record<string, CommandEntry> {
  const own = Object.entries(VIEWS).filter(([name]) => !name.includes(' '));
  return Object.fromEntries(own.map(([name, view]) => [name, ofView(view)]));
}

/** Every command, in the order of the help text. Only the one that is asked for is loaded. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  capture: {
    summary: 'from a running container to a sealed, proved file',
    load: async () => (await import('./capture.js')).captureCommand,
  },
  seal: {
    summary: 'encrypt and compress an archive that exists, for recipients',
    load: async () => (await import('./seal.js')).sealCommand,
  },
  unseal: {
    summary: 'give the tar back that was sealed, to the byte',
    load: async () => (await import('./unseal.js')).unsealCommand,
  },
  verify: {
    summary: 'check hashes, structure and every chunk of a sealed file',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  keygen: {
    summary: 'make an age identity',
    load: async () => (await import('./keygen.js')).keygenCommand,
  },
  show: ofView(VIEWS.show),
  ls: {
    summary: QUESTIONS.ls.summary,
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
  inspect: {
    summary: 'everything about a checkpoint, as a tree',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  ...viewCommands(),
  diff: {
    summary: QUESTIONS.diff.summary,
    load: async () => (await import('./diff.js')).diffCommand,
  },
  decode: {
    summary: 'CRIU images as the JSON of crit',
    load: async () => (await import('./decode.js')).decodeCommand,
  },
  memory: {
    summary: 'list, dump or search the memory of processes, or find strings in it',
    load: async () => (await import('./memory.js')).memoryCommand,
  },
  core: {
    summary: 'an ELF core file of a process, for gdb',
    load: async () => (await import('./core.js')).coreCommand,
  },
  recover: {
    summary: QUESTIONS.recover.summary,
    load: async () => (await import('./recover.js')).recoverCommand,
  },
  seccomp: {
    summary: 'the seccomp filters in force, readable',
    load: async () => (await import('./seccomp.js')).seccompCommand,
  },
  doctor: {
    summary: 'is this node ready to checkpoint, and is it safe to',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  node: {
    summary: 'what this node is: configuration, paths, status, archives',
    load: async () => (await import('./node.js')).nodeCommand,
  },
  demo: {
    summary: 'the whole way on an embedded kubelet and a real sample, no cluster',
    load: async () => (await import('./demo.js')).demoCommand,
  },
  browse: {
    summary: 'the terminal UI: look around in an archive, sealed or not',
    load: async () => (await import('./browse.js')).browseCommand,
  },
};
