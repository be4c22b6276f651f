import type { AnyView } from './view.js';

interface ViewEntry {
  readonly summary: string;
  readonly load: () => Promise<AnyView>;
}

/** Every view of one checkpoint by its name, in the order in which they are offered. Loaded when asked for. */
export const VIEWS = {
  findings: {
    summary: 'what stands out, to be looked at first',
    load: async () => (await import('./findings.js')).findingsView,
  },
  ps: {
    summary: 'processes, their commands and the files that they run',
    load: async () => (await import('./ps.js')).psView,
  },
  files: { summary: 'open files of every kind', load: async () => (await import('./files.js')).filesView },
  sockets: {
    summary: 'sockets with their ends and queues',
    load: async () => (await import('./sockets.js')).socketsView,
  },
  mounts: { summary: 'mounts', load: async () => (await import('./mounts.js')).mountsView },
  env: { summary: 'environment variables', load: async () => (await import('./env.js')).envView },
  maps: { summary: 'memory mappings', load: async () => (await import('./maps.js')).mapsView },
  signals: {
    summary: 'signal handlers, blocked and pending signals',
    load: async () => (await import('./signals.js')).signalsView,
  },
  threads: { summary: 'threads', load: async () => (await import('./threads.js')).threadsView },
  creds: {
    summary: 'users, capabilities, seccomp, namespaces, cgroups',
    load: async () => (await import('./creds.js')).credsView,
  },
  network: {
    summary: 'network devices, addresses, routes, firewall rules',
    load: async () => (await import('./network.js')).networkView,
  },
  ipc: {
    summary: 'System V shared memory, semaphores, message queues',
    load: async () => (await import('./ipc.js')).ipcView,
  },
} as const satisfies Readonly<Record<string, ViewEntry>>;

export type ViewName = keyof typeof VIEWS;
