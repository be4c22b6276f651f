import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Input, InputParser } from '../../../src/tui/terminal/input.js';

const keys = (inputs: readonly Input[]): string[] =>
  inputs.map((input) => (input.type === 'key' ? input.key : input.type));

describe('InputParser', () => {
  it('reads several keys that arrive at once', () => {
    expect(keys(new InputParser().push('jjG\x1b[A\x1bOB\x1b[5~\r\t\x1b[Z\x04'))).toEqual([
      'j',
      'j',
      'G',
      'up',
      'down',
      'pageup',
      'enter',
      'tab',
      'shift-tab',
      'ctrl-d',
    ]);
  });

  it('waits for the rest of a sequence, and takes a lone Esc for itself when nothing follows', () => {
    const parser = new InputParser();
    expect(parser.push('\x1b')).toEqual([]);
    expect(parser.waiting).toBe(true);
    expect(keys(parser.push('[A'))).toEqual(['up']);
    expect(parser.push('\x1b')).toEqual([]);
    expect(keys(parser.flush())).toEqual(['escape']);
    expect(parser.waiting).toBe(false);
  });

  it('tells Esc before another key from Alt by giving both', () => {
    expect(keys(new InputParser().push('\x1bj'))).toEqual(['escape', 'j']);
  });

  it('reads wheel and clicks as SGR reports, counted from 0', () => {
    expect(new InputParser().push('\x1b[<64;10;5M\x1b[<65;1;1M\x1b[<0;3;2M\x1b[<0;3;2m')).toEqual([
      { type: 'wheel', by: -1, column: 9, row: 4 },
      { type: 'wheel', by: 1, column: 0, row: 0 },
      { type: 'click', column: 2, row: 1 },
    ]);
  });

  it('keeps a paste together, wherever it is cut', () => {
    const text = '\x1b[200~:quit\r\x1b[A\x1b[201~x';
    for (let cut = 1; cut < text.length; cut += 1) {
      const parser = new InputParser();
      const inputs = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(inputs).toEqual([
        { type: 'paste', text: ':quit\r\x1b[A' },
        { type: 'key', key: 'x' },
      ]);
    }
  });

  it('gives the same inputs however the text is cut, and never holds back without bound', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('j', '\x1b[A', '\x1b[<64;1;2M', '\x1b[5~', '\r', '漢', '\x1b[999;999;999;9~'),
          {
            maxLength: 30,
          },
        ),
        fc.nat(),
        (pieces, at) => {
          const text = pieces.join('');
          const whole = new InputParser().push(text);
          const cut = text.length === 0 ? 0 : at % text.length;
          const parser = new InputParser();
          const parts = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
          expect(parts).toEqual(whole);
        },
      ),
    );
    const parser = new InputParser();
    parser.push('\x1b[');
    for (let i = 0; i < 1000; i += 1) parser.push('1;'.repeat(100));
    expect(parser.waiting).toBe(false);
  });
});
