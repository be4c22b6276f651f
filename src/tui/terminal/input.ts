/** What a person did: a key by name, pasted text, or the mouse. Columns and rows count from 0. */
export type Input =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'wheel'; readonly by: 1 | -1; readonly column: number; readonly row: number }
  | { readonly type: 'click'; readonly column: number; readonly row: number };

const ESC = '\x1b';
const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** A paste longer than this is cut: nothing that is typed here is longer. */
const PASTE_LIMIT = 64 * 1024;
/** No control sequence that a terminal sends for a key is longer; what is longer is dropped. */
const SEQUENCE_LIMIT = 64;

/** Keys by the final byte of a CSI or SS3 sequence (xterm, VT220). */
const BY_FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  Z: 'shift-tab',
  M: 'enter',
};

/** Keys by the number of a `CSI n ~` sequence (VT220, rxvt, the Linux console). */
const BY_NUMBER: Readonly<Record<string, string>> = {
  '1': 'home',
  '2': 'insert',
  '3': 'delete',
  '4': 'end',
  '5': 'pageup',
  '6': 'pagedown',
  '7': 'home',
  '8': 'end',
};

const BY_CONTROL: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
};

/**
 * Turns what a terminal sends into inputs. Text may arrive in any pieces: several keys at once, or a sequence in
 * two parts. A lone Esc cannot be told from the start of a sequence until nothing follows: `flush` after a pause.
 */
export class InputParser {
  #pending = '';
  #paste: string | undefined;

  /** Whether something is held back that `flush` would release. */
  get waiting(): boolean {
    return this.#pending !== '';
  }

  push(text: string): Input[] {
    const inputs: Input[] = [];
    let rest = this.#pending + text;
    this.#pending = '';
    while (rest !== '') {
      if (this.#paste !== undefined) {
        rest = this.#takePaste(rest, inputs);
        continue;
      }
      const taken = rest.startsWith(ESC) ? this.#takeSequence(rest, inputs) : takeCharacter(rest, inputs);
      if (taken === 0) {
        this.#pending = rest;
        break;
      }
      rest = rest.slice(taken);
    }
    return inputs;
  }

  /** Nothing followed: what was held back stands for itself. */
  flush(): Input[] {
    const held = this.#pending;
    this.#pending = '';
    if (held === '' || this.#paste !== undefined) return [];
    return [{ type: 'key', key: 'escape' }];
  }

  /** Takes one sequence off the front; returns its length, or 0 if it is not complete yet. */
  #takeSequence(text: string, inputs: Input[]): number {
    if (text.length === 1) return 0;
    const kind = text[1];
    if (kind !== '[' && kind !== 'O') {
      // Esc, then a key of its own (or Alt with that key, which means the same here)
      inputs.push({ type: 'key', key: 'escape' });
      return 1;
    }
    if (kind === 'O') {
      if (text.length === 2) return 0;
      const key = BY_FINAL[text[2] ?? ''];
      if (key !== undefined) inputs.push({ type: 'key', key });
      return 3;
    }
    let at = 2;
    while (at < text.length && at < SEQUENCE_LIMIT && /[\x20-\x3f]/.test(text[at] ?? '')) at += 1;
    if (at === text.length && at < SEQUENCE_LIMIT) return 0;
    const sequence = text.slice(0, at + 1);
    if (sequence === PASTE_START) this.#paste = '';
    else inputs.push(...readSequence(sequence.slice(2, -1), sequence.slice(-1)));
    return sequence.length;
  }

  /** Collects pasted text up to its end mark; returns what comes after it. */
  #takePaste(text: string, inputs: Input[]): string {
    const collected = (this.#paste ?? '') + text;
    const end = collected.indexOf(PASTE_END);
    if (end < 0) {
      // the end mark may arrive in two parts, so its beginning must stay
      this.#paste = collected.length > 2 * PASTE_LIMIT ? collected.slice(-PASTE_LIMIT) : collected;
      return '';
    }
    this.#paste = undefined;
    inputs.push({ type: 'paste', text: collected.slice(0, Math.min(end, PASTE_LIMIT)) });
    return collected.slice(end + PASTE_END.length);
  }
}

function takeCharacter(text: string, inputs: Input[]): number {
  const character = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const code = character.charCodeAt(0);
  const named = BY_CONTROL[character];
  if (named !== undefined) inputs.push({ type: 'key', key: named });
  else if (code < 0x20) inputs.push({ type: 'key', key: `ctrl-${String.fromCharCode(code + 0x60)}` });
  else inputs.push({ type: 'key', key: character });
  return character.length;
}

/** A complete control sequence: parameters and final byte (ECMA-48; mouse reports as SGR, xterm mode 1006). */
function readSequence(parameters: string, final: string): Input[] {
  if (parameters.startsWith('<')) return readMouse(parameters.slice(1), final);
  const first = parameters.split(';')[0] ?? '';
  const key = final === '~' ? BY_NUMBER[first] : BY_FINAL[final];
  return key === undefined ? [] : [{ type: 'key', key }];
}

function readMouse(parameters: string, final: string): Input[] {
  const [button, x, y] = parameters.split(';').map(Number);
  if (button === undefined || x === undefined || y === undefined || final !== 'M') return [];
  const at = { column: x - 1, row: y - 1 };
  if (button === 64) return [{ type: 'wheel', by: -1, ...at }];
  if (button === 65) return [{ type: 'wheel', by: 1, ...at }];
  if (button === 0) return [{ type: 'click', ...at }];
  return [];
}
