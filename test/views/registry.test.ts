// Adding a question is adding one file: the registry is made of the files, and all else of what the views say.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { viewTabs } from '../../src/tui/screens/view-tab.js';
import { Workspace } from '../../src/tui/screens/workspace.js';
import { QUESTIONS, VIEWS } from '../../src/views/registry.js';
import type { ViewEntry } from '../../src/views/view.js';
import { samplePath } from '../support/samples.js';

const MAKER = fileURLToPath(new URL('../../.ci/questions.mjs', import.meta.url));
const VIEWS_FOLDER = fileURLToPath(new URL('../../src/views', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'coldcase-registry-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const make = (...words: string[]) => spawnSync(process.execPath, [MAKER, ...words], { encoding: 'utf8' });

function copyWith(name: string, file: string, text: string): string {
  const folder = join(scratch, name);
  cpSync(VIEWS_FOLDER, folder, { recursive: true });
  writeFileSync(join(folder, file), text);
  return folder;
}

const UPTIME = `import type { View } from './view.js';

export const uptimeView: View<{ readonly pid: number }> = {
  name: 'uptime',
  summary: 'since when processes run',
  examples: ['coldcase uptime checkpoint.tar'],
  tab: { title: 'uptime', pages: ['process'], empty: 'none' },
  columns: [{ key: 'pid', header: 'PID', about: 'process id' }],
  rows: async () => [],
};
`;

test('a file more is a line more at the end of the views, and until it is there lint says so', () => {
  const folder = copyWith('added', 'uptime.ts', UPTIME);
  const before = readFileSync(join(folder, 'registry.ts'), 'utf8');
  const checked = make('--check', folder);
  expect([checked.status, checked.stderr]).toEqual([1, expect.stringContaining('npm run build')]);
  expect(readFileSync(join(folder, 'registry.ts'), 'utf8')).toBe(before);
  expect(make(folder).status).toBe(0);
  const lines = readFileSync(join(folder, 'registry.ts'), 'utf8').split('\n');
  const added = lines.filter((line) => !before.split('\n').includes(line));
  expect(added).toEqual([
    '  uptime: {',
    "    summary: 'since when processes run',",
    "    tab: { title: 'uptime', pages: ['process'], empty: 'none' },",
    "    load: async () => (await import('./uptime.js')).uptimeView,",
  ]);
  expect(lines[lines.indexOf('  uptime: {') + 5]).toBe(
    '} as const satisfies Readonly<Record<string, ViewEntry>>;',
  );
  expect(make('--check', folder).status).toBe(0);
});

test.each([
  ['another name than its file', UPTIME.replace("name: 'uptime'", "name: 'ages'"), 'is called uptime'],
  [
    'a computed summary',
    UPTIME.replace("'since when processes run'", "'since'.trim()"),
    'uptime.ts: summary',
  ],
  [
    'two questions in one',
    UPTIME + UPTIME.replace(/^import.*/, '').replace('uptimeView', 'twiceView'),
    'one question a file',
  ],
])('%s is refused', (name, text, message) => {
  const { status, stderr } = make(copyWith(name, 'uptime.ts', text));
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
});

test('the registry says of each question what the question says of itself', async () => {
  for (const [name, entry] of Object.entries<ViewEntry>(VIEWS)) {
    const view = await entry.load();
    expect([name, entry.summary, entry.tab]).toEqual([view.name, view.summary, view.tab]);
    if (!name.includes(' ')) expect(COMMANDS[name]?.summary).toBe(view.summary);
  }
  for (const [name, entry] of Object.entries(QUESTIONS)) {
    const question = await entry.load();
    expect([name, entry.summary]).toEqual([question.name, question.summary]);
  }
});

test('every view that has a place in browse is a tab there, called as it says, with its columns', async () => {
  const workspace = await Workspace.open(await openArchive(samplePath('podman-incident')));
  for (const page of ['process', 'network', 'mounts'] as const) {
    const tabs = viewTabs(workspace, page, {}, page === 'process' ? 1 : undefined);
    const views = Object.entries<ViewEntry>(VIEWS).filter(
      ([, { tab }]) => tab?.pages.includes(page) === true,
    );
    expect(tabs.map(({ id, title }) => [id, title])).toEqual(
      views.map(([name, { tab }]) => [name, tab?.title]),
    );
    for (const [at, [, entry]] of views.entries()) {
      const content = await tabs[at]?.load({
        signal: AbortSignal.abort(),
        changed() {},
        progress() {},
        goOn() {},
      });
      const own = page === 'process' ? ['pid', 'comm'] : [];
      const shown = (await entry.load()).columns.filter(
        ({ key, wide }) => wide !== true && !own.includes(key),
      );
      expect(content).toMatchObject({ columns: shown.map(({ header }) => ({ header })) });
    }
  }
});

test('the question that CONTRIBUTING shows in full is the one that there is', () => {
  const shown = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const lines = readFileSync(join(VIEWS_FOLDER, 'ipc.ts'), 'utf8').trimEnd().split('\n');
  expect(shown).toContain(lines.map((line) => (line === '' ? '' : `    ${line}`)).join('\n'));
});
