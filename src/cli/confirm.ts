import { createInterface } from 'node:readline/promises';
import { UnsafeError, UsageError } from '../base/errors.js';
import { escapeText } from '../render/escape.js';
import { interrupted } from './interrupt.js';

/**
 * Asks on the terminal whether to go on; only `y` or `yes` means yes.
 *
 * @param question - what will be done, untrusted text
 * @throws UsageError when there is no terminal to ask on, UnsafeError when the answer is no
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('this must be confirmed, and standard input is no terminal', {
      remedy: 'run it in a terminal, or say --yes',
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${escapeText(question)} [y/N] `, { signal: interrupted });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UnsafeError('not done: it was not confirmed');
  } finally {
    lines.close();
  }
}
