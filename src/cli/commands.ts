import type { CommandModule } from './command.js';

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
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
  show: {
    summary: 'what an archive is, one row each',
    load: async () => (await import('./show.js')).showCommand,
  },
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
  inspect: {
    summary: 'everything about a checkpoint, as a tree',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  findings: {
    summary: 'what stands out, to be looked at first',
    load: async () => (await import('./findings.js')).findingsCommand,
  },
  ps: {
    summary: 'processes, their commands and the files that they run',
    load: async () => (await import('./ps.js')).psCommand,
  },
  files: {
    summary: 'open files of every kind',
    load: async () => (await import('./files.js')).filesCommand,
  },
  sockets: {
    summary: 'sockets with their ends and queues',
    load: async () => (await import('./sockets.js')).socketsCommand,
  },
  mounts: {
    summary: 'mounts',
    load: async () => (await import('./mounts.js')).mountsCommand,
  },
  env: {
    summary: 'environment variables',
    load: async () => (await import('./env.js')).envCommand,
  },
  maps: {
    summary: 'memory mappings',
    load: async () => (await import('./maps.js')).mapsCommand,
  },
  threads: {
    summary: 'threads',
    load: async () => (await import('./threads.js')).threadsCommand,
  },
  signals: {
    summary: 'signal handlers, blocked and pending signals',
    load: async () => (await import('./signals.js')).signalsCommand,
  },
  creds: {
    summary: 'users, capabilities, seccomp, namespaces, cgroups',
    load: async () => (await import('./creds.js')).credsCommand,
  },
  network: {
    summary: 'network devices, addresses, routes, firewall rules',
    load: async () => (await import('./network.js')).networkCommand,
  },
  ipc: {
    summary: 'System V shared memory, semaphores, message queues',
    load: async () => (await import('./ipc.js')).ipcCommand,
  },
  diff: {
    summary: 'what changed between two checkpoints',
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
    summary: 'what exists in no file system any more: deleted files, memfds, unread data, tmpfs',
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
