const MAX_LINE = 76;
const [TAB, LF, CR, SPACE, DOT, EQUALS] = [0x09, 0x0a, 0x0d, 0x20, 0x2e, 0x3d];

/**
 * Quoted-printable text (RFC 2045) exactly as Python's `quopri.encodestring` writes it, which is how crit shows the
 * names of unix sockets: `=00` for a zero byte, a soft line break before column 76, line ends kept (all of them
 * CRLF if the first is).
 */
export function quotedPrintable(bytes: Uint8Array): string {
  const firstLine = bytes.indexOf(LF);
  const lineEnd = firstLine > 0 && bytes[firstLine - 1] === CR ? '\r\n' : '\n';
  // At most three characters a byte, and three for a soft break every 73 or more.
  const out = Buffer.alloc(bytes.length * 4 + 8);
  let [length, column] = [0, 0];
  const add = (text: string): void => {
    length += out.write(text, length, 'latin1');
  };
  const softBreak = (): void => {
    add(`=${lineEnd}`);
    column = 0;
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    const next = bytes[at + 1];
    if (byte === LF || (byte === CR && next === LF)) {
      const before = out[length - 1];
      if (before === SPACE || before === TAB) {
        length -= 1;
        add(hex(before));
      }
      add(lineEnd);
      column = 0;
      if (byte === CR) at += 1;
    } else if (mustQuote(byte, next, column)) {
      if (column + 3 >= MAX_LINE) softBreak();
      add(hex(byte));
      column += 3;
    } else {
      if (next !== undefined && next !== LF && column + 1 >= MAX_LINE) softBreak();
      add(String.fromCharCode(byte));
      column += 1;
    }
  }
  return out.toString('latin1', 0, length);
}

function mustQuote(byte: number, next: number | undefined, column: number): boolean {
  if (byte > 126 || byte === EQUALS) return true;
  const last = next === undefined;
  if (byte === DOT) return column === 0 && (last || next === LF || next === CR || next === 0);
  if (byte === TAB || byte === SPACE) return last;
  return byte < 33 && byte !== CR && byte !== LF;
}

function hex(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
