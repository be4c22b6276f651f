// Made by .ci/questions.mjs, a part of the build, of the files beside it; of the lines here only the order is yours.
import type { AnyQuestion, QuestionEntry, ViewEntry } from './view.js';

/** Every view of one checkpoint by its name, in the order in which they are offered. Loaded when asked for. */
export const VIEWS = {
  show: {
    summary: 'what an archive is, one row each',
    load: async () => (await import('./show.js')).showView,
  },
  findings: {
    summary: 'what stands out, to be looked at first',
    load: async () => (await import('./findings.js')).findingsView,
  },
  ps: {
    summary: 'processes, their commands and the files that they run',
    load: async () => (await import('./ps.js')).psView,
  },
  files: {
    summary: 'open files of every kind',
    tab: { title: 'files', pages: ['process'], empty: 'no open files' },
    load: async () => (await import('./files.js')).filesView,
  },
  sockets: {
    summary: 'sockets with their ends and queues',
    tab: { title: 'sockets', pages: ['process', 'network'], empty: 'no sockets' },
    load: async () => (await import('./sockets.js')).socketsView,
  },
  mounts: {
    summary: 'mounts',
    tab: { title: 'mounts', pages: ['mounts'], empty: 'no mounts in this archive' },
    load: async () => (await import('./mounts.js')).mountsView,
  },
  env: { summary: 'environment variables', load: async () => (await import('./env.js')).envView },
  maps: {
    summary: 'memory mappings',
    tab: { title: 'mappings', pages: ['process'], empty: 'no memory: a zombie' },
    load: async () => (await import('./maps.js')).mapsView,
  },
  threads: {
    summary: 'threads',
    tab: { title: 'threads', pages: ['process'], empty: 'no threads: a zombie' },
    load: async () => (await import('./threads.js')).threadsView,
  },
  signals: {
    summary: 'signal handlers, blocked and pending signals',
    tab: { title: 'signals', pages: ['process'], empty: 'none: a zombie' },
    load: async () => (await import('./signals.js')).signalsView,
  },
  creds: {
    summary: 'users, capabilities, seccomp, namespaces, cgroups',
    tab: { title: 'rights', pages: ['process'], empty: 'none' },
    load: async () => (await import('./creds.js')).credsView,
  },
  network: {
    summary: 'network devices, addresses, routes, firewall rules',
    tab: {
      title: 'devices, routes, firewall',
      pages: ['network'],
      empty: 'this archive has no network images: the engine kept the network outside of the checkpoint',
    },
    load: async () => (await import('./network.js')).networkView,
  },
  ipc: {
    summary: 'System V shared memory, semaphores, message queues',
    load: async () => (await import('./ipc.js')).ipcView,
  },
} as const satisfies Readonly<Record<string, ViewEntry>>;

/** Every other question: those that are asked with more than a checkpoint have commands of their own. */
export const QUESTIONS = {
  diff: {
    summary: 'what changed between two checkpoints',
    load: async () => (await import('./diff.js')).diffQuestion,
  },
  ls: { summary: 'list the entries of an archive', load: async () => (await import('./ls.js')).lsQuestion },
  'memory list': {
    summary: 'how much memory each process had, and where',
    load: async () => (await import('./memory-list.js')).memoryListQuestion,
  },
  'memory search': {
    summary: 'find text, bytes or a regular expression in memory',
    load: async () => (await import('./memory-search.js')).memorySearchQuestion,
  },
  'memory strings': {
    summary: 'printable strings in memory, with their addresses',
    load: async () => (await import('./memory-strings.js')).memoryStringsQuestion,
  },
  recover: {
    summary: 'what exists in no file system any more: deleted files, memfds, unread data, tmpfs',
    load: async () => (await import('./recover.js')).recoverQuestion,
  },
} as const satisfies Readonly<Record<string, QuestionEntry<AnyQuestion>>>;
