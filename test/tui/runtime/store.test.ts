import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotFoundError } from '../../../src/base/errors.js';
import { currentPage, currentPane } from '../../../src/tui/core/pages.js';
import type { Place } from '../../../src/tui/core/place.js';
import type { Content, LoadContext, PageSpec } from '../../../src/tui/core/state.js';
import type { Verification } from '../../../src/tui/core/verification.js';
import type { Extract } from '../../../src/tui/core/work.js';
import { Performer } from '../../../src/tui/runtime/perform.js';
import { Store } from '../../../src/tui/runtime/store.js';
import { Verifying } from '../../../src/tui/runtime/verifying.js';
import { MOUNTABLE, withDirectory } from '../../support/small-disk.js';
import { fakeEnv, outline, rows } from '../support/fake.js';

type Load = (context: LoadContext) => Promise<Content>;

let directory: string;
let store: Store;
let copied: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-store-'));
  copied = [];
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function open(load: Load, more: Readonly<Partial<Record<Place['page'], Load>>> = {}): Store {
  const performer = new Performer({
    copy: (text) => copied.push(text),
    redraw: () => {},
    suspend: () => {},
    quit: () => {},
    archive: 'evidence.tar',
    version: '0.1.0',
  });
  const pageOf = (place: Place): PageSpec => ({
    ...fakeEnv().page(place),
    tabs: [{ id: 'a', title: 'a', load: more[place.page] ?? load }],
  });
  store = new Store({
    size: { columns: 80, rows: 24 },
    archiveName: 'evidence.tar',
    entries: [],
    pageOf,
    now: () => '2026-11-23T18:00:00Z',
    perform: performer.perform,
  });
  return store;
}

function press(...keys: string[]): void {
  for (const key of keys) store.dispatch({ type: 'input', input: { type: 'key', key } });
}

async function until(test: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!test()) {
    if (performance.now() > deadline) throw new Error('it does not come');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const shown = (): Content | undefined => currentPane(store.state, store.env)?.content;
const toast = (): string => store.state.toast?.text ?? '';
const one = (extract: Extract): Content =>
  outline({ cells: [], count: 1, child: () => ({ cells: ['it'], count: 0, extract }) });

describe('Store', () => {
  it('loads what is looked at, stops what is not looked at any more, and shows what cannot be read', async () => {
    const stopped: string[] = [];
    const never: Load = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push('memory');
          reject(signal.reason);
        });
      });
    const missing: Load = () =>
      Promise.reject(new NotFoundError('no such thing \x1b[31m', { remedy: 'look elsewhere' }));
    open(async () => outline(rows(3)), { memory: never, files: missing });
    await until(() => shown() !== undefined);
    press('3');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(shown()).toBeUndefined();
    press('4');
    await until(() => shown() !== undefined);
    expect(stopped).toEqual(['memory']);
    const content = shown();
    const texts = content?.kind === 'outline' ? [0, 1].map((at) => content.root.child?.(at).cells[0]) : [];
    expect(texts).toEqual(['! cannot be read: no such thing \x1b[31m', 'look elsewhere']);
  });

  it('lets contents grow, keeps the cursor, and stops with Esc', async () => {
    let go = true;
    open(async ({ goOn, signal }) => {
      goOn(async (update) => {
        for (let count = 10; go && !signal.aborted; count += 1) {
          update(outline(rows(count)));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });
      return outline(rows(5));
    });
    const count = (): number => {
      const content = shown();
      return content?.kind === 'outline' ? content.root.count : 0;
    };
    await until(() => count() > 12);
    press('j', 'j', 'j');
    await until(() => count() > 20);
    expect(currentPane(store.state, store.env)?.pane).toMatchObject({ cursor: 3 });
    expect(store.env.growing({ page: 'overview' }, 'a')).toBe(true);
    press('escape');
    await until(() => !store.env.growing({ page: 'overview' }, 'a'));
    const then = count();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count()).toBe(then);
    go = false;
  });

  it('stops the reading of a screen with Esc, and reads it again when one comes back', async () => {
    let runs = 0;
    const slow: Load = ({ signal, progress }) => {
      runs += 1;
      progress(1, 3);
      if (runs > 1) return Promise.resolve(outline(rows(3)));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    open(async () => outline(rows(3)), { files: slow });
    await until(() => shown() !== undefined);
    press('4');
    expect(store.waiting(currentPage(store.state))).toBe('reading: 1 of 3');
    press('escape');
    const content = shown();
    expect(content?.kind === 'outline' && content.root.child?.(0).cells[0]).toMatch(/^stopped/);
    expect(runs).toBe(1);
    press('1', '4');
    await until(() => {
      const now = shown();
      return now?.kind === 'outline' && now.root.count === 3;
    });
    expect(runs).toBe(2);
  });

  it('tells a listener once for many changes', async () => {
    open(async () => outline(rows(1000)));
    await until(() => shown() !== undefined);
    await new Promise((resolve) => setImmediate(resolve));
    let told = 0;
    store.subscribe(() => {
      told += 1;
    });
    press(...Array<string>(100).fill('j'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).toBe(1);
  });
});

describe('Performer', () => {
  it('extracts to a new file of mode 0600, and never over one that is there', async () => {
    const extract: Extract = {
      name: 'it.bin',
      size: 6,
      async *stream() {
        yield Buffer.from('abc');
        yield Buffer.from('def');
      },
    };
    open(async () => one(extract));
    await until(() => shown() !== undefined);
    const path = join(directory, 'it.bin');
    const ask = (): void => press('e', 'ctrl-u', ...path, 'enter');
    ask();
    await until(() => toast().includes('written'));
    expect(readFileSync(path, 'utf8')).toBe('abcdef');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, 'precious');
    ask();
    await until(() => store.state.toast?.tone === 'bad');
    expect(toast()).toContain('exists');
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  const bytes = (count: number): Extract => ({
    name: 'it.bin',
    size: count,
    async *stream() {
      for (let at = 0; at < count; at += 1 << 16) yield new Uint8Array(1 << 16).fill(1);
    },
  });

  it('tells what keeps a file from being written, in words', async () => {
    open(async () => one(bytes(1 << 16)));
    await until(() => shown() !== undefined);
    // a directory in which nobody can make a file
    press('e', 'ctrl-u', ...'/proc/it.bin', 'enter');
    await until(() => store.state.toast?.tone === 'bad');
    expect(toast()).toContain('cannot write /proc/it.bin: ');
  });

  it.runIf(MOUNTABLE)(
    'on a full disk it leaves nothing, and says how far it came (needs root and mount)',
    async () => {
      open(async () => one(bytes(1 << 21)));
      await until(() => shown() !== undefined);
      await withDirectory(1000, async (disk) => {
        press('e', 'ctrl-u', ...join(disk, 'it.bin'), 'enter');
        await until(() => store.state.toast?.tone === 'bad');
        expect(toast()).toContain(
          'no space left on its file system, after 1000 KiB of 2 MiB; free space there',
        );
        expect(readdirSync(disk)).toEqual([]);
      });
    },
  );

  it('shows progress of long work, which Esc stops and which then leaves nothing behind', async () => {
    const extract: Extract = {
      name: 'it.bin',
      size: 1 << 30,
      async *stream(signal) {
        for (;;) {
          signal.throwIfAborted();
          yield new Uint8Array(1024);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    };
    open(async () => one(extract));
    await until(() => shown() !== undefined);
    const path = join(directory, 'it.bin');
    press('e', 'ctrl-u', ...path, 'enter');
    await until(() => (store.state.job?.done ?? 0) > 0);
    expect(store.state.job).toMatchObject({ label: 'extracting', total: 1 << 30 });
    press('escape');
    expect(store.state.job).toBeUndefined();
    await until(() => readdirSync(directory).length === 0);
    expect(existsSync(path)).toBe(false);
  });

  it('filters and searches while it extracts, and stops with Esc what it shows', async () => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const extract: Extract = {
      name: 'it.bin',
      async *stream() {
        yield Buffer.from('abc');
        await ended;
        yield Buffer.from('def');
      },
    };
    const item = { cells: ['it'], count: 0, extract };
    open(async () => outline({ cells: [], count: 20_000_000, child: () => item }));
    await until(() => shown() !== undefined);
    const path = join(directory, 'it.bin');
    press('e', 'ctrl-u', ...path, 'enter');
    await until(() => store.state.job?.label === 'extracting');
    press('/', 'x', 'y');
    const pane = (): unknown => currentPane(store.state, store.env)?.pane;
    await until(() => store.state.job?.label === 'filtering');
    press('enter', 'escape');
    expect(pane()).toMatchObject({ filter: { matches: { done: false } } });
    press('escape', 'e', 'enter');
    expect(toast()).toContain('one extraction at a time');
    end();
    await until(() => toast().includes('written'));
    expect(readFileSync(path, 'utf8')).toBe('abcdef');
  });

  it('copies safe text only, and refuses what no clipboard takes', async () => {
    const item = { cells: ['a\x1b[2Jb\n'], count: 0 };
    const big = { cells: ['x'.repeat(200_000)], count: 0 };
    open(async () => outline({ cells: [], count: 2, child: (index) => (index === 0 ? item : big) }));
    await until(() => shown() !== undefined);
    press('y');
    expect(copied).toEqual(['a\\x1b[2Jb\\n']);
    press('j', 'y');
    expect(copied.length).toBe(1);
    expect(toast()).toContain('extract');
  });

  it('saves the bookmarks as Markdown in which nothing untrusted is markup', async () => {
    const item = { cells: ['`evil` [x](y)\n# z'], count: 0, id: 'i' };
    open(async () => outline({ cells: [], count: 1, child: () => item }));
    await until(() => shown() !== undefined);
    press('b', ...'<b>note</b>', 'enter', 'B', 'w', 'ctrl-u', ...join(directory, 'note.md'), 'enter');
    await until(() => toast().includes('saved'));
    expect(store.state.unsaved).toBe(false);
    const note = readFileSync(join(directory, 'note.md'), 'utf8');
    expect(note).toContain('`` overview: `evil` [x](y)\\n# z ``');
    expect(note).toContain('\\<b\\>note\\</b\\>');
    const titles = note.split('\n').filter((line) => line.startsWith('#'));
    expect(titles).toEqual(['# Case note: `evidence.tar`', '## Bookmarks']);
    press('w', 'ctrl-u', ...join(directory, 'note.txt'), 'enter');
    await until(() => store.state.toast?.tone === 'bad');
    expect(existsSync(join(directory, 'note.txt'))).toBe(false);
  });
});

describe('Verifying', () => {
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  it('runs once at a time, tells how far it is, and what it came to', async () => {
    let runs = 0;
    const verifying = new Verifying(
      {
        can: 'sealed',
        size: 100,
        atOpening: () => Promise.reject(new NotFoundError('no manifest')),
        all: async ({ progress }) => {
          runs += 1;
          progress('hashing', 0, 100);
          await wait(5);
          progress('hashing', 50, 100);
          return { checks: [], tarSha256: 'cd' };
        },
      },
      () => '2026-11-23T18:00:00Z',
    );
    const seen: Verification[] = [];
    const changed = (verification: Verification): void => void seen.push(verification);
    await verifying.look(changed);
    expect(verifying.state.opening).toMatchObject([{ verdict: 'not checked', detail: 'no manifest' }]);
    verifying.start(changed);
    verifying.start(changed);
    await until(() => verifying.state.result !== undefined);
    expect(runs).toBe(1);
    expect(seen.some(({ running }) => running?.done === 50 && running.rate > 0)).toBe(true);
    expect(verifying.state).toMatchObject({ running: undefined, result: { time: '2026-11-23T18:00:00Z' } });
  });

  it('stops at once, keeps what was found before, and says why a run came to nothing', async () => {
    const results = [{ checks: [] }, undefined, new NotFoundError('the file is gone')];
    const verifying = new Verifying(
      {
        can: 'sealed',
        size: 1,
        atOpening: async () => [],
        all: () => {
          const result = results.shift();
          if (result instanceof Error) return Promise.reject(result);
          return result === undefined ? new Promise(() => {}) : Promise.resolve(result);
        },
      },
      () => 'now',
    );
    verifying.start(() => {});
    await until(() => verifying.state.result !== undefined);
    verifying.start(() => {});
    verifying.stop(() => {});
    expect(verifying.state).toMatchObject({
      running: undefined,
      problem: 'stopped',
      result: { time: 'now' },
    });
    verifying.start(() => {});
    await until(() => verifying.state.problem === 'the file is gone');
  });
});
