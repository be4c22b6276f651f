import { closeSync } from 'node:fs';
import { isatty, type ReadStream, type WriteStream } from 'node:tty';
import { ExitCode } from '../base/errors.js';
import { errorCode } from '../base/file-errors.js';

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
  watchForLoss(process.stderr);
  if (terminals.length === 0) return;
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}

/**
 * Ends the process when a standard stream is a terminal that is gone. Of any other error whoever writes hears at the
 * write (`writeOut`). A message that standard error does not take is lost, and what it was about goes on: there is
 * nobody to tell, and a capture is not to be left half done for that.
 */
export function watchForLoss(stream: ReadStream | WriteStream): void {
  stream.on('error', (error) => {
    if (errorCode(error) === 'EIO' && stream.isTTY) process.exit(ExitCode.interrupted);
  });
}

/**
 * Tells of what nothing caught in one line, as of any other error: node would print the line of the source first,
 * and a line of the bundle is thousands of characters. Whoever listens besides is left to it: the screens of browse.
 */
export function tellOfCrashes(tell: (error: unknown) => void): void {
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    tell(error);
    process.exit(ExitCode.failed);
  });
}
