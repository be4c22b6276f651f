import type { Command } from 'commander';

/** One command of the command line: each lives in a file of its own, and is loaded only when it is asked for. */
export interface CommandModule {
  /** Adds arguments, options, help with an example, and the action to commander's command of that name. */
  configure(command: Command): void;
}
