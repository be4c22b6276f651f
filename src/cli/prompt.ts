import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { InterruptedError, UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { escapeText } from '../render/escape.js';
import { interrupted } from './interrupt.js';

const MAX_PASSPHRASE = 4096;

/**
 * Asks for a passphrase on the terminal itself, whatever standard input and output are, without showing it.
 *
 * @param what - what it is for, such as `identity file key.age`; untrusted text
 * @throws UsageError when there is no terminal; InterruptedError on Ctrl-C, SIGINT, SIGTERM, SIGHUP and SIGQUIT
 */
export async function askPassphrase(what: string): Promise<string> {
  const passphrase = await askHidden(`Passphrase for ${escapeText(shownUrl(what))}: `);
  if (passphrase === '') throw new UsageError('no passphrase given');
  return passphrase;
}

/** Asks for a new passphrase, twice. @throws as `askPassphrase`, and UsageError when the two differ */
export async function askNewPassphrase(what: string): Promise<string> {
  const passphrase = await askPassphrase(what);
  const again = await askHidden('The same again: ');
  if (again !== passphrase) throw new UsageError('the two passphrases differ', { remedy: 'try again' });
  return passphrase;
}

async function askHidden(question: string): Promise<string> {
  interrupted.throwIfAborted();
  const { input, output } = openTerminal();
  const restore = (): void => {
    if (!input.destroyed) input.setRawMode(false);
  };
  // the terminal is restored first: once the stream is gone nothing can do that
  const stop = (reason: unknown): void => {
    restore();
    input.destroy(reason instanceof Error ? reason : undefined);
  };
  const onAbort = (): void => stop(interrupted.reason);
  const onQuit = (): void => stop(new InterruptedError('stopped by SIGQUIT'));
  interrupted.addEventListener('abort', onAbort);
  process.on('SIGQUIT', onQuit);
  try {
    input.setRawMode(true); // no echo, and Ctrl-C comes as a character
    writeSync(output, question);
    return await readLine(input);
  } finally {
    interrupted.removeEventListener('abort', onAbort);
    process.off('SIGQUIT', onQuit);
    restore();
    writeSync(output, '\n');
    input.destroy();
    closeSync(output);
  }
}

function openTerminal(): { input: ReadStream; output: number } {
  try {
    return { input: new ReadStream(openSync('/dev/tty', 'r')), output: openSync('/dev/tty', 'w') };
  } catch (cause) {
    throw new UsageError('a passphrase is needed, and there is no terminal to ask for it on', {
      remedy: 'run the command in a terminal, or use recipients and identity files instead',
      cause,
    });
  }
}

/** Reads up to Return or Ctrl-D; Backspace takes a character back, Ctrl-U all of them. */
async function readLine(input: ReadStream): Promise<string> {
  const typed: number[] = [];
  for await (const chunk of input) {
    if (!Buffer.isBuffer(chunk)) throw new UsageError('the terminal gives no bytes');
    for (const byte of chunk) {
      if (byte === 0x0d || byte === 0x0a || byte === 0x04) return Buffer.from(typed).toString('utf8');
      if (byte === 0x03) throw new InterruptedError('stopped at the passphrase');
      if (byte === 0x15) typed.length = 0;
      else if (byte === 0x7f || byte === 0x08) removeCharacter(typed);
      else typed.push(byte);
      if (typed.length > MAX_PASSPHRASE) throw new UsageError('passphrase too long');
    }
  }
  return Buffer.from(typed).toString('utf8');
}

/** Removes the last UTF-8 sequence: continuation bytes, and what they continue. */
function removeCharacter(typed: number[]): void {
  while (((typed.at(-1) ?? 0) & 0xc0) === 0x80) typed.pop();
  typed.pop();
}
