const SIGNALS = [
  undefined,
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
] as const;

/** A signal by number (signal(7), x86 and arm); real-time ones as `SIGRT32` to `SIGRT64`. */
export function signalName(signal: number): string {
  return SIGNALS[signal] ?? `SIGRT${signal}`;
}

/** The signals of a mask, bit 0 being signal 1. */
export function signalNames(mask: bigint): readonly string[] {
  const names: string[] = [];
  for (let signal = 1; signal <= 64; signal += 1) {
    if (((mask >> BigInt(signal - 1)) & 1n) === 1n) names.push(signalName(signal));
  }
  return names;
}
