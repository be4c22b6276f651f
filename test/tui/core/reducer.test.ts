import { describe, expect, it } from 'vitest';
import { screenPieces, tabPieces } from '../../../src/tui/core/bars.js';
import { BINDINGS } from '../../../src/tui/core/keymap.js';
import { currentPage, currentPane } from '../../../src/tui/core/pages.js';
import { initialState, reduce } from '../../../src/tui/core/reducer.js';
import type { AppState, Content, Effect, Env } from '../../../src/tui/core/state.js';
import type { Extract } from '../../../src/tui/core/work.js';
import type { Input } from '../../../src/tui/terminal/input.js';
import { bytes, fakeEnv, outline, rows, tree } from '../support/fake.js';

const SIZE = { columns: 80, rows: 24 };

function start(env: Env): {
  press: (...keys: string[]) => readonly Effect[];
  type: (text: string) => readonly Effect[];
  state: () => AppState;
  set: (next: AppState) => void;
} {
  let state = initialState(SIZE, env);
  const press = (...keys: string[]): readonly Effect[] =>
    keys.flatMap((key) => {
      const step = reduce(state, { type: 'input', input: { type: 'key', key } }, env);
      state = step.state;
      return step.effects;
    });
  return {
    press,
    type: (text) => press(...text),
    state: () => state,
    set: (next) => {
      state = next;
    },
  };
}

function cursor(state: AppState, env: Env): number | undefined {
  const shown = currentPane(state, env);
  return shown?.pane.kind === 'outline' ? shown.pane.cursor : undefined;
}

describe('reducer', () => {
  it('moves by rows, pages, to the ends, and keeps the cursor in sight', () => {
    const env = fakeEnv({ overview: outline(rows(200_000)) });
    const app = start(env);
    app.press('j', 'down', 'k');
    expect(cursor(app.state(), env)).toBe(1);
    app.press('G');
    expect(cursor(app.state(), env)).toBe(199_999);
    const shown = currentPane(app.state(), env);
    expect(shown?.pane.kind === 'outline' && shown.pane.top).toBe(200_000 - (shown?.height ?? 0));
    app.press('pageup', 'g');
    expect(cursor(app.state(), env)).toBe(0);
    app.press('ctrl-d', 'ctrl-f');
    expect(cursor(app.state(), env)).toBeGreaterThan(20);
  });

  it('answers a key within a millisecond or so in a list of 200,000 rows', () => {
    const env = fakeEnv({ overview: outline(rows(200_000)) });
    const app = start(env);
    const begin = performance.now();
    for (let i = 0; i < 1000; i += 1) app.press('j');
    expect((performance.now() - begin) / 1000).toBeLessThan(5);
  });

  it('goes through the screens by number, Tab and Shift-Tab', () => {
    const app = start(fakeEnv());
    app.press('3');
    expect(app.state().screen).toBe('memory');
    app.press('tab');
    expect(app.state().screen).toBe('files');
    app.press('shift-tab', 'shift-tab');
    expect(app.state().screen).toBe('processes');
    app.press('1', 'shift-tab');
    expect(app.state().screen).toBe('logs');
  });

  it('goes in with Enter and out with Esc, back to the screen one came from', () => {
    const root = {
      cells: [],
      count: 1,
      child: () => ({ cells: ['jump'], count: 0, place: { page: 'process', subject: '3' } as const }),
    };
    const env = fakeEnv({ overview: outline(root), process: outline(rows(3)) });
    const app = start(env);
    app.press('enter');
    expect(app.state().screen).toBe('processes');
    expect(currentPage(app.state()).place).toEqual({ page: 'process', subject: '3' });
    app.press('escape');
    expect(app.state().screen).toBe('overview');
    expect(app.state().stacks.processes.length).toBe(1);
  });

  it('unfolds, folds and walks a tree', () => {
    const env = fakeEnv({ overview: outline(tree(3, 2)) });
    const app = start(env);
    app.press('l');
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ tree: { rows: 6 } });
    app.press('l', 'j', 'h');
    expect(cursor(app.state(), env)).toBe(0);
    app.press('h');
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ tree: { rows: 3 } });
    app.press('-', '*');
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ tree: { rows: 6 } });
  });

  it('filters while typing, keeps the filter with Enter, clears it with Esc at the same item', () => {
    const env = fakeEnv({ overview: outline(rows(100)) });
    const app = start(env);
    app.press('/');
    app.type('42');
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ filter: { matches: { paths: [[42]] } } });
    app.press('enter');
    expect(app.state().typing).toBeUndefined();
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ filter: { matches: { paths: [[42]] } } });
    app.press('escape');
    expect(cursor(app.state(), env)).toBe(42);
    expect(app.press('n')).toMatchObject([{ do: 'find-item', pattern: '42', from: [42], by: 1 }]);
    expect(app.press('N')).toMatchObject([{ by: -1 }]);
  });

  it('leaves filtering a long list to be done in slices', () => {
    const env = fakeEnv({ overview: outline(rows(200_000)) });
    const app = start(env);
    app.press('/');
    expect(app.type('42').at(-1)).toMatchObject({ do: 'filter', pattern: '42' });
    const place = { page: 'overview' } as const;
    const stale = { pattern: '4', paths: [[4]], seen: 9, done: true, cut: false };
    app.set(reduce(app.state(), { type: 'matches', place, tab: 'a', matches: stale }, env).state);
    expect(currentPane(app.state(), env)?.pane).not.toMatchObject({ filter: { matches: stale } });
    const matches = { pattern: '42', paths: [[42], [142]], seen: 9, done: false, cut: false };
    app.set(reduce(app.state(), { type: 'matches', place, tab: 'a', matches }, env).state);
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ filter: { matches } });
  });

  it('puts the cursor where a click is, and scrolls with the wheel', () => {
    const env = fakeEnv({ overview: outline(rows(500)) });
    const app = start(env);
    const mouse = (input: Input): void => app.set(reduce(app.state(), { type: 'input', input }, env).state);
    mouse({ type: 'click', column: 5, row: 7 });
    expect(cursor(app.state(), env)).toBe(4);
    mouse({ type: 'wheel', by: 1, column: 5, row: 7 });
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ top: 3, cursor: 4 });
    mouse({ type: 'wheel', by: 1, column: 5, row: 7 });
    expect(currentPane(app.state(), env)?.pane).toMatchObject({ top: 6, cursor: 6 });
  });

  it('goes where a click is on the screens, the tabs, the side, and in where the cursor is already', () => {
    const load = (): Promise<never> => Promise.reject(new Error('not loaded in this test'));
    const tabs = ['sockets', 'devices, routes', 'firewall'].map((title) => ({ id: title, title, load }));
    const item = { cells: ['x'], count: 0, place: { page: 'process', subject: '7' } as const };
    const list = outline({ cells: [], count: 3, child: () => item });
    const hexed = bytes({ start: 0x1000n, end: 0x2000n, label: 'x', heading: true });
    const env = fakeEnv({ network: list, overview: list, logs: hexed }, { network: { tabs } });
    const app = start(env);
    const click = (column: number, row: number): void =>
      app.set(reduce(app.state(), { type: 'input', input: { type: 'click', column, row } }, env).state);
    const line = (): string =>
      screenPieces(app.state().screen, 80)
        .map(({ text }) => text)
        .join(' ');
    click(line().indexOf('5 Network') + 3, 0);
    expect(app.state().screen).toBe('network');
    const bar = '[sockets]| devices, routes | firewall ';
    expect(
      tabPieces(env.page({ page: 'network' }), 'sockets', 80)
        .map(({ text }) => text)
        .join('|'),
    ).toBe(bar);
    click(bar.indexOf('firewall'), 2);
    expect(currentPage(app.state()).tab).toBe('firewall');
    click(0, 2);
    expect(currentPage(app.state()).tab).toBe('sockets');
    click(bar.indexOf('|'), 2);
    click(79, 2);
    expect(currentPage(app.state()).tab).toBe('sockets');
    click(4, 5);
    expect(cursor(app.state(), env)).toBe(1);
    click(4, 20);
    expect(cursor(app.state(), env)).toBe(1);
    click(4, 5);
    expect(currentPage(app.state()).place).toEqual(item.place);
    // in a narrow bar too, where the other screens are numbers
    app.press('?');
    click(79, 0);
    expect(app.state().overlay).toBeDefined();
    click(line().indexOf('8'), 0);
    expect(app.state().screen).toBe('logs');
    expect(app.state().overlay).toBeUndefined();
    const byte = (): unknown => currentPane(app.state(), env)?.pane;
    // address of 12 digits, two cells, eight bytes of three cells, one more: the letters are after sixteen
    click(14 + 3 * 5, 4);
    expect(byte()).toMatchObject({ cursor: 0x1005n });
    click(14 + 25 + 3, 5);
    expect(byte()).toMatchObject({ cursor: 0x1019n });
    click(14 + 50 + 15, 6);
    expect(byte()).toMatchObject({ cursor: 0x102fn });
  });

  it('goes to a screen, a PID, an address, an image or an entry, and says when there is no such thing', () => {
    const app = start(fakeEnv());
    const go = (text: string): void => {
      app.press(':');
      app.type(text);
      app.press('enter');
    };
    go('net');
    expect(app.state().screen).toBe('network');
    go('4');
    expect(currentPage(app.state()).place).toEqual({ page: 'process', subject: '4' });
    go('0x7f00');
    expect(currentPage(app.state()).place).toEqual({ page: 'hex', subject: '4', at: '0x7f00' });
    go('1:0x10');
    expect(currentPage(app.state()).place).toEqual({ page: 'hex', subject: '1', at: '0x10' });
    go('core-1.img');
    expect(currentPage(app.state()).place).toEqual({ page: 'image', subject: 'core-1.img' });
    go('pages-1.img');
    expect(currentPage(app.state()).place).toEqual({ page: 'entry', subject: 'checkpoint/pages-1.img' });
    go('nowhere');
    expect(app.state().toast?.text).toContain('nowhere');
  });

  it('asks for a path before it extracts, and proposes one', () => {
    const extract: Extract = { name: 'ghost.log', async *stream() {} };
    const root = { cells: [], count: 1, child: () => ({ cells: ['x'], count: 0, extract }) };
    const app = start(fakeEnv({ overview: outline(root) }));
    expect(app.press('e')).toEqual([]);
    expect(app.state().typing?.text).toBe('ghost.log');
    app.press('ctrl-u');
    expect(app.type('/tmp/out')).toEqual([]);
    expect(app.press('enter')).toEqual([{ do: 'extract', extract, path: '/tmp/out' }]);
    app.press('e');
    expect(app.press('escape')).toEqual([]);
    expect(app.state().typing).toBeUndefined();
  });

  it('bookmarks with a note, and does not let them be lost unasked', () => {
    const env = fakeEnv({ overview: outline(rows(9)) });
    const app = start(env);
    app.press('j', 'b');
    app.type('odd');
    app.press('enter');
    expect(app.state().bookmarks).toEqual([
      {
        place: { page: 'overview', tab: 'a', at: '1' },
        label: 'overview: row 1',
        note: 'odd',
        time: '2026-11-23T18:00:00Z',
      },
    ]);
    expect(app.press('q')).toEqual([]);
    expect(app.press('q')).toEqual([{ do: 'quit' }]);
    app.press('B', 'w');
    expect(app.press('enter')).toMatchObject([{ do: 'save', path: 'case-note.md' }]);
    app.press('d');
    expect(app.state().bookmarks).toEqual([]);
    expect(app.press('q')).toEqual([]);
    expect(app.state().overlay).toBeUndefined();
    expect(app.press('q')).toEqual([{ do: 'quit' }]);
  });

  it('takes only the first line of a paste, and no more than fits', () => {
    const env = fakeEnv();
    const app = start(env);
    app.press(':');
    const paste = { type: 'paste', text: `core-1.img\nrm -rf\r${'x'.repeat(10_000)}` } as const;
    app.set(reduce(app.state(), { type: 'input', input: paste }, env).state);
    expect(app.state().typing?.text).toBe('core-1.img');
  });

  it('survives every key everywhere', () => {
    const env = fakeEnv({ overview: outline(tree(3, 2)) });
    const app = start(env);
    for (const first of BINDINGS.flatMap(({ keys }) => keys)) {
      for (const second of BINDINGS.flatMap(({ keys }) => keys)) app.press(first, second, 'escape', 'escape');
    }
    expect(app.state().size).toEqual(SIZE);
  });

  it('keeps the cursor in sight after any resize', () => {
    const env = fakeEnv({ overview: outline(rows(500)) });
    const app = start(env);
    app.press('G');
    for (const size of [
      { columns: 60, rows: 15 },
      { columns: 200, rows: 60 },
      { columns: 10, rows: 2 },
      SIZE,
    ]) {
      app.set(reduce(app.state(), { type: 'resize', size }, env).state);
      const shown = currentPane(app.state(), env);
      if (shown?.pane.kind !== 'outline') throw new Error('no outline');
      expect(shown.pane.cursor).toBeGreaterThanOrEqual(shown.pane.top);
      expect(shown.pane.cursor).toBeLessThan(shown.pane.top + shown.height);
    }
  });

  it('keeps what is typed before a page has come, in order and bounded, and forgets it with Esc', () => {
    const contents: Record<string, Content> = { overview: outline(rows(3)) };
    const env = fakeEnv(contents);
    const app = start(env);
    app.press('3', 'j', 'j', '/', '1', 'enter', '4');
    expect(app.state().screen).toBe('memory');
    expect(app.state().ahead?.length).toBe(6);
    contents['memory'] = outline(rows(30, (index) => `mapping ${index}`));
    app.set(reduce(app.state(), { type: 'loaded' }, env).state);
    expect(app.state().screen).toBe('files');
    const pane = app.state().stacks.memory[0]?.panes['a'];
    expect(pane).toMatchObject({ kind: 'outline', filter: { pattern: '1' } });
    app.press('j', 'G');
    expect(app.state().ahead?.length).toBe(2);
    app.press('escape');
    expect(app.state().ahead).toBeUndefined();
    for (let at = 0; at < 1000; at += 1) app.press('j');
    expect(app.state().ahead?.length).toBeLessThan(1000);
    expect(app.state().toast?.text).toContain('Esc');
    expect(app.press('ctrl-c')).toEqual([{ do: 'quit' }]);
    app.press('1', 'j');
    expect(cursor(app.state(), env)).toBe(1);
  });

  it('hands on the work that keys typed ahead ask for, and waits again where the next page has yet to come', () => {
    const contents: Record<string, Content> = {};
    const place = { page: 'process', subject: '3' } as const;
    const env = fakeEnv(contents);
    const app = start(env);
    app.press('enter', 'j', 'y');
    contents['overview'] = outline({ cells: [], count: 1, child: () => ({ cells: ['x'], count: 0, place }) });
    const first = reduce(app.state(), { type: 'loaded' }, env);
    expect(first.effects).toEqual([]);
    expect(first.state.ahead?.length).toBe(2);
    contents['process'] = outline(rows(3));
    const second = reduce(first.state, { type: 'loaded' }, env);
    expect(second.effects).toEqual([{ do: 'copy', text: 'row 1' }]);
    expect(second.state.ahead).toBeUndefined();
  });

  it('says so when an address that was gone to is not mapped', () => {
    const region = { start: 0x1000n, end: 0x2000n, label: 'x', heading: true };
    const hex = (pid: number | undefined): Content => bytes(region, pid);
    const contents: Record<string, Content> = {};
    const env = fakeEnv(contents);
    const app = start(env);
    app.press(':', ...'4:0xdead', 'enter');
    expect(app.state().toast).toBeUndefined();
    contents['hex'] = hex(4);
    app.set(reduce(app.state(), { type: 'loaded' }, env).state);
    const text = '0xdead is not mapped: this is 0x1fff, the nearest that is';
    expect(app.state().toast).toEqual({ text, tone: 'warn' });
    app.press('j');
    expect(app.state().toast).toBeUndefined();
    app.press(':', ...'0x1800', 'enter');
    expect(app.state().toast).toBeUndefined();
    app.press(':', ...'0x3', 'enter');
    expect(app.state().toast?.text).toContain('0x3 is not mapped: this is 0x1000');
    contents['entry'] = hex(undefined);
    app.press(':', ...'config.dump', 'enter', ':', ...'0x1234', 'enter');
    expect(currentPage(app.state()).place).toEqual({
      page: 'entry',
      subject: 'config.dump',
      tab: 'a',
      at: '0x1234',
    });
  });

  it('keeps the cursor on its item through a filter that leaves it, and returns to it', () => {
    for (const count of [300, 20_000]) {
      const env = fakeEnv({ overview: outline(rows(count)) });
      const app = start(env);
      app.press(...Array<string>(150).fill('j'), '/', '1', '5');
      if (count > 5000) {
        // found in slices, as work that the key asked for
        const paths = [[15], [150], [151]];
        const matches = { pattern: '15', paths: paths.slice(0, 1), seen: 9, done: false, cut: false };
        const found = { type: 'matches', place: { page: 'overview' }, tab: 'a', matches } as const;
        app.set(reduce(app.state(), found, env).state);
        const all = { ...found, matches: { ...matches, paths, done: true } };
        app.set(reduce(app.state(), all, env).state);
      }
      const shown = currentPane(app.state(), env);
      if (shown?.pane.kind !== 'outline') throw new Error('no outline');
      expect(shown.pane.filter?.matches?.paths[shown.pane.cursor]).toEqual([150]);
      app.press('9', '9', '9', 'backspace', 'backspace', 'backspace', 'backspace', 'backspace');
      expect(cursor(app.state(), env)).toBe(150);
      app.press('x');
      app.press('escape');
      expect(cursor(app.state(), env)).toBe(150);
    }
  });
});
