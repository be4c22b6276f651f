import type { ReadStream, WriteStream } from 'node:tty';

/** Alternate screen, cursor hidden, mouse buttons and wheel as SGR reports, pastes marked as such. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1006h\x1b[?2004h';
/** The same undone, in the reverse order; harmless where it was not done. */
const LEAVE = '\x1b[0m\x1b[?2026l\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?25h\x1b[?1049l';

/**
 * Holds the terminal while the screens are up, and gives it back exactly once, whatever happens: a normal end, an
 * exception, a signal, or `process.exit` from anywhere.
 */
export class TerminalSession {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #held = false;
  readonly #leave = (): void => this.leave();

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  enter(): void {
    if (this.#held) return;
    this.#held = true;
    process.on('exit', this.#leave);
    this.#input.setRawMode(true);
    this.#input.setEncoding('utf8');
    this.#output.write(ENTER);
  }

  /** Takes the terminal again, whoever had it and whatever was done to it in the meantime. */
  resume(): void {
    // a mode that is set already is not set again, though a shell has changed it since
    this.#input.setRawMode(false);
    this.#held = false;
    this.enter();
    this.#input.resume();
  }

  /** Gives the terminal back; on a terminal this write is synchronous, so it also works while the process exits. */
  leave(): void {
    if (!this.#held) return;
    this.#held = false;
    process.off('exit', this.#leave);
    this.#output.write(LEAVE);
    // a terminal that has gone away (SIGHUP) has no mode to restore
    if (!this.#input.destroyed && this.#input.isTTY) this.#input.setRawMode(false);
    this.#input.pause();
  }
}

/**
 * The control sequence that puts text on the clipboard (OSC 52; xterm, and through SSH, tmux and screen when they
 * allow it). Base64, so no byte of the text can act on the terminal.
 */
export function copySequence(text: string): string {
  return `\x1b]52;c;${Buffer.from(text, 'utf8').toString('base64')}\x07`;
}

/** Terminals cut or refuse longer clipboard sequences (xterm and tmux from about 100,000 bytes). */
export const COPY_LIMIT = 72 * 1024;
