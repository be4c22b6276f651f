import type { WriteStream } from 'node:tty';
import type { Size } from '../core/state.js';

const HOME = '\x1b[H';
const CLEAR_SCREEN = '\x1b[2J';
const CLEAR_LINE = '\x1b[K';
const RESET = '\x1b[0m';
/** Synchronized output (DEC private mode 2026): the terminal shows the frame at once; others ignore it. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/**
 * Draws whole frames (lines of text with colours) by sending the terminal only the lines that changed since the
 * last one, each by its absolute position. So the last row can be used, nothing scrolls, nothing flickers, and
 * after a resize everything is drawn anew.
 */
export class FrameWriter {
  readonly #send: (text: string) => void;
  readonly #size: () => Size;
  #shown: readonly string[] = [];
  #shownSize: Size = { columns: 0, rows: 0 };
  #detached = false;

  constructor(send: (text: string) => void, size: () => Size) {
    this.#send = send;
    this.#size = size;
  }

  /** Forgets what is on the screen, so that the next frame is drawn whole. */
  forget(): void {
    this.#shownSize = { columns: 0, rows: 0 };
  }

  /** Draws the last frame anew, whole. */
  redraw(): void {
    const lines = this.#shown;
    this.forget();
    this.draw(lines.join('\n'));
  }

  /** From here on nothing is drawn: the terminal is somebody else's. */
  detach(): void {
    this.#detached = true;
  }

  draw(frame: string): void {
    if (this.#detached) return;
    const size = this.#size();
    const lines = frame.split('\n').slice(0, size.rows);
    const fresh = size.columns !== this.#shownSize.columns || size.rows !== this.#shownSize.rows;
    const before = fresh ? [] : this.#shown;
    let out = fresh ? RESET + HOME + CLEAR_SCREEN : '';
    for (let row = 0; row < Math.max(lines.length, before.length); row += 1) {
      const line = lines[row] ?? '';
      if (line === (before[row] ?? '')) continue;
      // erased before it is written: erasing after a line that fills the width would take its last cell
      out += `\x1b[${row + 1};1H${RESET}${fresh ? '' : CLEAR_LINE}${line}${RESET}`;
    }
    this.#shown = lines;
    this.#shownSize = size;
    if (out !== '') this.#send(BEGIN + out + END);
  }
}

/**
 * The terminal's stream as Ink is to see it: the same in everything, except that what is written to it is taken
 * as a frame. In its debug mode Ink writes each frame whole and does nothing else to the terminal.
 */
export function frameStream(terminal: WriteStream, frames: FrameWriter): WriteStream {
  const write = (frame: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    // the empty write is Ink's barrier on unmount, and no frame
    if (frame.length > 0) frames.draw(frame.toString());
    const done = rest.at(-1);
    if (typeof done === 'function') setImmediate(() => done());
    return true;
  };
  return Object.create(terminal, { write: { value: write } });
}
