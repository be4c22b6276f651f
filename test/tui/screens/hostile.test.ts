import tar from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/archive/archive.js';
import { makeArchive } from '../../../src/archive/archive.js';
import { openArchiveSource } from '../../../src/archive/open-source.js';
import { ColdcaseError } from '../../../src/base/errors.js';
import { MemorySource } from '../../../src/bytes/memory.js';
import type { OutlineContent } from '../../../src/tui/core/outline.js';
import { openOutline, reduceOutline, showPath } from '../../../src/tui/core/pane-outline.js';
import type { Place } from '../../../src/tui/core/place.js';
import type { Content, LoadContext } from '../../../src/tui/core/state.js';
import { findItem } from '../../../src/tui/core/walk.js';
import { paintOutline } from '../../../src/tui/paint/outline.js';
import { themeOf } from '../../../src/tui/paint/theme.js';
import { entryTree } from '../../../src/tui/screens/entry-tree.js';
import { pageOf } from '../../../src/tui/screens/pages.js';
import { Workspace } from '../../../src/tui/screens/workspace.js';

const theme = themeOf({ LANG: 'C.UTF-8' }, 'linux');
const frame = { columns: 80, rows: 20, theme, focused: true };
const never = new AbortController().signal;

function context(): LoadContext {
  return { signal: never, changed: () => {}, progress: () => {}, goOn: () => {} };
}

async function workspaceOf(files: Readonly<Record<string, string | Buffer>>): Promise<Workspace> {
  const pack = tar.pack();
  for (const [name, data] of Object.entries(files)) pack.entry({ name }, data);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Workspace.open(
    await openArchiveSource(new MemorySource(Buffer.concat(chunks), 'hostile.tar'), 'hostile.tar'),
  );
}

async function load(workspace: Workspace, place: Place): Promise<Content> {
  const [first] = pageOf(workspace, place).tabs;
  const tab = pageOf(workspace, place).tabs.find(({ id }) => id === place.tab) ?? first;
  if (tab === undefined) throw new Error('no tab');
  return tab.load(context());
}

function outlineOf(content: Content): OutlineContent {
  if (content.kind !== 'outline') throw new Error('not an outline');
  return content;
}

/** What is drawn, without colours; fails where a line is too wide or holds something that acts on a terminal. */
function drawn(content: OutlineContent): string[] {
  const lines = paintOutline(content, openOutline(content), frame);
  expect(lines.length).toBe(frame.rows);
  return lines.map((line) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
    const text = line.replaceAll(/\x1b\[[\d;]*m/g, '');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing else of the kind may be there
    expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    expect(text.length).toBeLessThanOrEqual(frame.columns);
    return text;
  });
}

function entry(name: string): ArchiveEntry {
  return {
    name,
    type: 'file',
    size: 1,
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    mtime: 0,
    offset: 0,
    dataOffset: 512,
    storedSize: 1,
  };
}

describe('hostile input is shown as what it is, in bounded time', () => {
  it('a tree of 1,000,000 entries', async () => {
    const entries = Array.from({ length: 1_000_000 }, (_, i) => entry(`d${i % 997}/e${i % 7919}/f${i}`));
    const source = new MemorySource(Buffer.alloc(0), 'many');
    const facts = {
      storedSize: 0,
      encrypted: false,
      compression: 'none',
      tarSize: 0,
      endMarked: true,
    } as const;
    const archive = makeArchive('many', facts, entries, source);
    let longest = 0;
    let mark = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - mark);
      mark = performance.now();
    }, 1);
    const begin = performance.now();
    const tree = await entryTree(entries, (name) => name, archive, context());
    clearInterval(beat);
    expect(performance.now() - begin).toBeLessThan(30_000);
    // keys are answered while it is built: garbage collection is what may hold them up
    expect(longest).toBeLessThan(2000);
    expect(drawn(tree)[1]).toMatch(/d0\//);
    const found = await findItem(tree.root, 'f999999', [], 1, never);
    if (found === undefined) throw new Error('not found');
    const state = showPath(tree, openOutline(tree), found, 19);
    expect(paintOutline(tree, state, frame).join('\n')).toContain('f999999');
  }, 90_000);

  it('names of 64 KiB, and names that would act on a terminal', async () => {
    const long = 'x'.repeat(65_000);
    const nasty = '\x1b[2J\u202egpj.exe\n\r\x07\x9b31m';
    const workspace = await workspaceOf({
      [long]: 'a',
      [nasty]: 'b',
      [`dir/${'\u4e00'.repeat(20_000)}`]: 'c',
    });
    const tree = outlineOf(await load(workspace, { page: 'files', tab: 'entries' }));
    const begin = performance.now();
    for (let i = 0; i < 100; i += 1) drawn(tree);
    expect((performance.now() - begin) / 100).toBeLessThan(50);
    expect(drawn(tree).join('\n')).toContain('\\x1b[2J\\u202egpj.exe');
  });

  it('JSON that is 1,000 deep is a tree; deeper, it is text', async () => {
    const deep = (levels: number): string => `${'['.repeat(levels)}"bottom"${']'.repeat(levels)}`;
    const workspace = await workspaceOf({ 'deep.json': deep(1000), 'deeper.json': deep(1001) });
    const content = outlineOf(await load(workspace, { page: 'entry', subject: 'deep.json' }));
    drawn(content);
    const path = await findItem(content.root, 'bottom', [], 1, never);
    expect(path?.length).toBe(1000);
    const state = showPath(content, openOutline(content), path ?? [], 20);
    expect(paintOutline(content, state, frame).join('\n')).toContain('bottom');
    const all = reduceOutline(content, openOutline(content), 'open-all', 20);
    expect(all?.tree.rows).toBe(1000);
    const text = outlineOf(await load(workspace, { page: 'entry', subject: 'deeper.json' }));
    expect([text.prose, text.root.count]).toEqual([true, 1]);
  }, 30_000);

  it('an image that ends in the middle: what is there, and where it stopped making sense', async () => {
    // COMMON_MAGIC and the magic of pstree, one whole entry (pid 1), then one that is cut
    const image = Buffer.from(
      '1943565430302750' + '08000000' + '0801100018012001' + 'ff000000' + '08',
      'hex',
    );
    const workspace = await workspaceOf({ 'checkpoint/pstree.img': image });
    const content = outlineOf(await load(workspace, { page: 'image', subject: 'pstree.img' }));
    expect(drawn(content).join('\n')).toMatch(/! .*pstree\.img.*offset/);
    const hex = await load(workspace, { page: 'image', subject: 'pstree.img', tab: 'hex' });
    expect(hex.kind === 'hex' && hex.regions[0]?.end).toBe(BigInt(image.length));
  });

  it('a changed root file system that is no tar', async () => {
    const workspace = await workspaceOf({ 'rootfs-diff.tar': Buffer.alloc(4096, 'not a tar') });
    await expect(load(workspace, { page: 'files', tab: 'rootfs' })).rejects.toThrow(/rootfs-diff\.tar/);
    const text = await load(workspace, { page: 'entry', subject: 'rootfs-diff.tar' });
    expect(drawn(outlineOf(text))[0]).toContain('not a tar');
  });

  it('an archive with nothing of a checkpoint in it', async () => {
    const workspace = await workspaceOf({ 'readme.txt': 'hello' });
    for (const page of [
      'overview',
      'processes',
      'memory',
      'files',
      'network',
      'mounts',
      'images',
      'logs',
    ] as const) {
      for (const tab of pageOf(workspace, { page }).tabs) {
        try {
          drawn(outlineOf(await tab.load(context())));
        } catch (error) {
          expect(error).toBeInstanceOf(ColdcaseError);
        }
      }
    }
  });
});
