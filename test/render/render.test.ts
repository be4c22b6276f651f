import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailedError, UsageError } from '../../src/base/errors.js';
import { renderCsv } from '../../src/render/csv.js';
import { applyFilters, filterRows, parseFilter } from '../../src/render/filter.js';
import { renderJson, renderJsonRows, renderNdjsonRows } from '../../src/render/json.js';
import type { Column, Row } from '../../src/render/table.js';
import { renderTextTable } from '../../src/render/text-table.js';
import { renderTextTree } from '../../src/render/text-tree.js';
import { textWidth, truncate, truncateStart } from '../../src/render/width.js';

type Sample = { pid: number; name: string; note: string | null; tags: readonly string[] };

const COLUMNS: readonly Column<Sample>[] = [
  { key: 'pid', header: 'PID', align: 'right' },
  { key: 'name', header: 'NAME', squeeze: 1 },
  { key: 'note', header: 'NOTE', squeeze: 2 },
  { key: 'tags', header: 'TAGS', wide: true },
];
const ROWS: readonly Sample[] = [
  { pid: 1, name: 'init', note: null, tags: [] },
  { pid: 1234, name: '漢字', note: 'a\u001b[2Jb\nc', tags: ['x', 'y'] },
];

/** Controls and format characters: what must never come out. Line ends of the format itself are taken off before. */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const hostileRow = fc.record({
  pid: fc.nat(),
  name: fc.string({ unit: 'binary' }),
  note: fc.option(fc.string({ unit: 'binary' })),
  tags: fc.array(fc.string({ unit: 'binary' })),
});

test('a table is aligned by terminal cells, and escaped', () => {
  expect(renderTextTable(COLUMNS, ROWS)).toBe(
    [' PID  NAME  NOTE', '   1  init', '1234  漢字  a\\x1b[2Jb\\nc', ''].join('\n'),
  );
  expect(renderTextTable(COLUMNS, ROWS, { wide: true })).toContain('x y');
  expect(renderTextTable(COLUMNS, [])).toBe('PID  NAME  NOTE\n');
});

test('a narrow terminal takes from the gaps first, then from the widest columns that may give way', () => {
  const row = { pid: 1, name: 'n'.repeat(20), note: 'o'.repeat(20), tags: [] };
  expect(renderTextTable(COLUMNS, [row], { width: 47 })).toContain(`n${' '.repeat(2)}o`);
  const tight = renderTextTable(COLUMNS, [row], { width: 45 });
  expect(tight).toContain(`${row.name} ${row.note}`);

  const long = { ...row, name: 'n'.repeat(40), note: 'o'.repeat(4_000) };
  const lines = renderTextTable(COLUMNS, [long], { width: 50 }).split('\n');
  expect(Math.max(...lines.map(textWidth))).toBe(50);
  expect(lines[1]).toMatch(/ n{21,22}… o{21,22}…$/);
});

test('a terminal that no line fits on gets a record for each row, whole and escaped', () => {
  expect(renderTextTable(COLUMNS, ROWS, { width: 12 })).toBe(
    ['PID   1', 'NAME  init', 'NOTE', '', 'PID   1234', 'NAME  漢字', 'NOTE  a\\x1b[2Jb\\nc', ''].join('\n'),
  );
});

test('colours are the only attributes, and only when asked for', () => {
  expect(renderTextTable(COLUMNS, ROWS, { color: true })).toContain('\u001b[1m');
  expect(renderTextTable(COLUMNS, ROWS)).not.toContain('\u001b');
});

test('a tree draws its branches and escapes its labels', () => {
  const leaf = (label: string) => ({ label, children: [] });
  expect(
    renderTextTree([
      { label: 'a', children: [{ label: 'b\u0007', children: [leaf('c')] }, leaf('d')] },
      leaf('e'),
    ]),
  ).toBe(['a', '├── b\\x07', '│   └── c', '└── d', 'e', ''].join('\n'));
});

test('a very deep tree is drawn', () => {
  let node = { label: 'x', children: [] as { label: string; children: never[] }[] };
  for (let depth = 0; depth < 2_000; depth += 1) node = { label: 'x', children: [node as never] };
  expect(renderTextTree([node]).split('\n')).toHaveLength(2_002);
});

test('CSV follows RFC 4180, neutralises formulas, keeps numbers numbers', () => {
  const rows = [{ pid: -1, name: "=cmd|' /C calc'!A0", note: 'say "hi", you', tags: ['a', 'b'] }];
  expect(renderCsv(COLUMNS, rows)).toBe(
    'pid,name,note,tags\r\n-1,\'=cmd|\' /C calc\'!A0,"say ""hi"", you","[""a"",""b""]"\r\n',
  );
});

test.each(['=', '+', '-', '@', '\t=', "'=", '＝', ' ='])('a cell starting with %j is no formula', (start) => {
  const [, line] = renderCsv(COLUMNS, [{ pid: 1, name: `${start}1+1`, note: null, tags: [] }]).split('\r\n');
  const cell = /^1,"?(.*?)"?,/.exec(line ?? '')?.[1] ?? '';
  expect(cell).toMatch(/^('|\\t)/);
});

test('no control byte passes any renderer, whatever the rows', () => {
  fc.assert(
    fc.property(fc.array(hostileRow, { maxLength: 4 }), (rows) => {
      expect(renderTextTable(COLUMNS, rows, { wide: true }).replaceAll('\n', '')).not.toMatch(ACTIVE);
      expect(renderTextTable(COLUMNS, rows).split('\n')).toHaveLength(rows.length + 2);
      expect(renderCsv(COLUMNS, rows).replaceAll('\r\n', '')).not.toMatch(ACTIVE);
      expect(renderJson(rows).replaceAll('\n', '')).not.toMatch(ACTIVE);
      expect(JSON.parse(renderJson(rows))).toEqual(rows);
      expect([...renderNdjsonRows(rows)].join('').split('\n')).toHaveLength(rows.length + 1);
      expect([...renderJsonRows(rows)].join('')).toBe(renderJson(rows));
      const nodes = rows.map((row) => ({ label: row.name, children: [] }));
      expect(renderTextTree(nodes).replaceAll('\n', '')).not.toMatch(ACTIVE);
    }),
  );
});

test('truncation never exceeds the width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, width) => {
      expect(textWidth(truncate(text, width))).toBeLessThanOrEqual(width);
      expect(textWidth(truncateStart(text, width))).toBeLessThanOrEqual(width);
    }),
  );
  expect(truncate('漢字漢字', 5)).toBe('漢字…');
  expect(truncateStart('漢字漢字', 5)).toBe('…漢字');
  expect(truncateStart('/var/lib/kubelet/config.yaml', 12)).toBe('…config.yaml');
  expect(truncateStart('abc', 0)).toBe('');
  expect(truncateStart('abc', 3)).toBe('abc');
});

test('filters compare, negate, match and look into lists', () => {
  const fields = COLUMNS.map(({ key }) => key as string);
  const pids = (...texts: string[]): number[] =>
    applyFilters<Row>(ROWS, texts.map(parseFilter), fields).map((row) => Number(row['pid']));
  expect(pids('pid=1')).toEqual([1]);
  expect(pids('pid!=1')).toEqual([1234]);
  expect(pids('name~^in')).toEqual([1]);
  expect(pids('name!~^in', 'tags=y')).toEqual([1234]);
  expect(pids('note=')).toEqual([1]);
  expect(() => pids('nope=1')).toThrow(UsageError);
  expect(() => parseFilter('x')).toThrow(UsageError);
  expect(() => parseFilter('x~(')).toThrow(UsageError);
});

test('an expression that takes too long is given up, and can be stopped before that is said', () => {
  const rows = ['aaa', `${'a'.repeat(60)}!`, 'b'].map((name, pid) => ({ pid, name }));
  const work = filterRows(rows, [parseFilter('name~^([a-z]+)+$')], ['name']);
  expect(work.next()).toEqual({ done: false, value: undefined });
  expect(() => work.next()).toThrow(
    'the expression ^([a-z]+)+$ takes longer than 2 s, or more ways to match than can be kept',
  );
});

test('expressions are tried on a megabyte of text at a time', () => {
  const rows = Array.from({ length: 8 }, (_, pid) => ({ pid, name: 'x'.repeat(400_000) + pid }));
  const work = filterRows(rows, [parseFilter('name~[246]$'), parseFilter('pid!=4')], ['pid', 'name']);
  let steps = 0;
  let step = work.next();
  for (; step.done !== true; step = work.next()) steps += 1;
  expect(step.value.map(({ pid }) => pid)).toEqual([2, 6]);
  expect(steps).toBe(3);
});

test('a text with more ways to match than can be kept is an error, not a defect', () => {
  const rows = [{ name: 'ab'.repeat(20_000_000) }];
  expect(() => applyFilters(rows, [parseFilter('name~^(?:a|b)*$')], ['name'])).toThrow(FailedError);
});
