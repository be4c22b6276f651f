import { closeSync } from 'node:fs';
import { isatty, type ReadStream, type WriteStream } from 'node:tty';
import { ExitCode } from '../base/errors.js';

const STANDARD = [0, 1, 2];

/**
 * Ends the process in order when its terminal has gone away: a closed window, a lost connection.
 *
 * On exit node gives the terminal the modes back that it had at the start, and aborts where that fails, as it does
 * on a terminal that is gone (`ResetStdio` in node.cc). Such an end leaves a core file where those are on, with all
 * that was in memory: keys, and the plaintext of sealed evidence. Files that are closed are left alone.
 */
export function endWithTerminal(): void {
  const terminals = STANDARD.filter((fd) => isatty(fd));
  watchForLoss(process.stdout);
  if (terminals.includes(2)) watchForLoss(process.stderr);
  if (terminals.length === 0) return;
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}

/** Ends the process when a standard stream cannot be used any more because its other end is gone. */
export function watchForLoss(stream: ReadStream | WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // a reader that closes early (`coldcase ls ... | head`) is no error
    if (error.code === 'EPIPE') process.exit(ExitCode.done);
    if (error.code === 'EIO' && stream.isTTY) process.exit(ExitCode.interrupted);
    throw error;
  });
}
