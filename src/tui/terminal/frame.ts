import { Writable } from 'node:stream';

const HOME = '\x1b[H';
const CLEAR_SCREEN = '\x1b[2J';
const CLEAR_LINE = '\x1b[K';
const RESET = '\x1b[0m';
/** Synchronized output (DEC private mode 2026): the terminal shows the frame at once; others ignore it. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A stream that takes whole frames (lines of text with colours, as Ink in its debug mode writes them) and sends
 * the terminal only the lines that changed since the last one, each by its absolute position. So the last row can
 * be used, nothing scrolls, nothing flickers, and after a resize everything is drawn anew.
 */
export class FrameStream extends Writable {
  readonly isTTY = true;
  readonly #terminal: Writable;
  readonly #size: () => Size;
  #shown: readonly string[] = [];
  #shownSize: Size = { columns: 0, rows: 0 };
  #closed = false;

  constructor(terminal: Writable, size: () => Size) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.#size = size;
  }

  /** The terminal's width; Ink lays out for it. */
  get columns(): number {
    return this.#size().columns;
  }

  get rows(): number {
    return this.#size().rows;
  }

  /** Forgets what is on the screen, so that the next frame is drawn whole. */
  redraw(): void {
    this.#shownSize = { columns: 0, rows: 0 };
  }

  /** From here on nothing is drawn: the terminal is somebody else's. */
  detach(): void {
    this.#closed = true;
  }

  override _write(frame: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    // the empty write is Ink's barrier on unmount, and no frame
    if (!this.#closed && frame.length > 0) this.#draw(frame.toString());
    done();
  }

  #draw(frame: string): void {
    const size = this.#size();
    const lines = frame.split('\n').slice(0, size.rows);
    const fresh = size.columns !== this.#shownSize.columns || size.rows !== this.#shownSize.rows;
    const before = fresh ? [] : this.#shown;
    let out = fresh ? HOME + CLEAR_SCREEN : '';
    for (let row = 0; row < Math.max(lines.length, before.length); row += 1) {
      const line = lines[row] ?? '';
      if (line === (before[row] ?? '')) continue;
      // erased before it is written: erasing after a line that fills the width would take its last cell
      out += `\x1b[${row + 1};1H${RESET}${fresh ? '' : CLEAR_LINE}${line}${RESET}`;
    }
    this.#shown = lines;
    this.#shownSize = size;
    if (out !== '') this.#terminal.write(BEGIN + out + END);
  }
}
