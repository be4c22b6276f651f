import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PatternSwitch,
  patternRequest,
  switchesOf,
  toggleSwitch,
} from '../../../src/tui/core/byte-pattern.js';
import { PROMPT_BINDINGS } from '../../../src/tui/core/keymap.js';
import { initialState, reduce } from '../../../src/tui/core/reducer.js';
import { statusLine } from '../../../src/tui/paint/chrome.js';
import { fakeEnv, outline, rows } from '../support/fake.js';

const SWITCHES: readonly PatternSwitch[] = ['any-case', 'utf16', 'regex', 'hex'];

describe('a pattern for bytes', () => {
  it('is text, unless its prefix says otherwise', () => {
    const text = { kind: 'literal', ignoreCase: false, utf16: false };
    expect(patternRequest('secret')).toEqual({ ...text, text: 'secret' });
    expect(patternRequest('i:secret')).toEqual({ ...text, text: 'secret', ignoreCase: true });
    expect(patternRequest('u:secret')).toEqual({ ...text, text: 'secret', utf16: true });
    expect(patternRequest('iu:a:b')).toEqual({ ...text, text: 'a:b', ignoreCase: true, utf16: true });
    expect(patternRequest('re:a+')).toEqual({ ...text, kind: 'regex', text: 'a+' });
    expect(patternRequest('rei:a+')).toEqual({ ...text, kind: 'regex', text: 'a+', ignoreCase: true });
    expect(patternRequest('hex:48 8b')).toEqual({ ...text, kind: 'hex', text: '48 8b' });
    expect(patternRequest('text:re:a+')).toEqual({ ...text, text: 're:a+' });
    expect(patternRequest('https://x')).toEqual({ ...text, text: 'https://x' });
  });

  it('keeps its text through any switching, and every switch is its own undoing', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('re:', 'hex:x', 'iu:', 'text:u:', 'u:i:x')),
        fc.array(fc.constantFrom(...SWITCHES), { maxLength: 6 }),
        (typed, presses) => {
          const { text } = patternRequest(typed);
          let now = typed;
          for (const each of presses) {
            const had = switchesOf(now).has(each);
            now = toggleSwitch(now, each);
            expect(switchesOf(now).has(each)).toBe(!had);
            expect(patternRequest(now).text).toBe(text);
          }
        },
      ),
    );
  });

  it('is switched by the keys that the prompt shows', () => {
    const env = fakeEnv({ overview: outline(rows(3)) });
    let state = initialState({ columns: 100, rows: 24 }, env);
    const press = (...keys: string[]): void => {
      for (const key of keys) {
        const step = reduce(state, { type: 'input', input: { type: 'key', key } }, env);
        state = step.state;
      }
    };
    const where = { screen: 'memory', tabs: 1, hex: false } as const;
    const theme = { color: false, glyphs: { all: true, open: '-', closed: '+', bar: '|', into: '>' } };
    press('s', ...'pass', 'ctrl-o', 'ctrl-t');
    expect(state.typing).toMatchObject({ text: 'iu:pass', at: 7 });
    const line = statusLine(state, where, '', 100, theme);
    expect(line).toContain('[^O any case]');
    expect(line).toContain('[^T UTF-16LE]');
    expect(line).toContain(' ^R regex ');
    press('ctrl-r');
    expect(state.typing?.text).toBe('rei:pass');
    press('ctrl-r', 'ctrl-o');
    expect(state.typing?.text).toBe('pass');
    press('ctrl-o', 'enter');
    expect(state.stacks.memory.at(-1)?.place).toEqual({ page: 'found', subject: 'i:pass' });
    expect(
      statusLine({ typing: { purpose: { for: 'search-all' }, text: '', at: 0 } }, where, '', 60, theme),
    ).not.toContain('regex');
    // a filter is no pattern for bytes
    press('1', '/', 'a', 'ctrl-o');
    expect(state.typing?.text).toBe('a');
    expect(PROMPT_BINDINGS.filter(({ hint }) => hint !== undefined).length).toBe(SWITCHES.length);
  });
});
