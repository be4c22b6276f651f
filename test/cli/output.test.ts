import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addOutputOptions, addPidOption, formatOf, renderRows } from '../../src/cli/output.js';
import type { Column } from '../../src/render/table.js';

type Sample = { pid: number; name: string };
const COLUMNS: readonly Column<Sample>[] = [
  { key: 'pid', header: 'PID' },
  { key: 'name', header: 'NAME' },
];
const output = {
  columns: COLUMNS,
  rows: [
    { pid: 1, name: 'a' },
    { pid: 2, name: 'b' },
  ],
};

function run(...argv: string[]): string {
  const command = addPidOption(addOutputOptions(new Command()))
    .exitOverride()
    .configureOutput({ writeErr() {} });
  command.parse(argv, { from: 'user' });
  return renderRows(output, command.opts(), { color: false });
}

test('the formats', () => {
  expect(run()).toBe('PID  NAME\n1    a\n2    b\n');
  expect(run('--json')).toBe(
    '[\n  {\n    "pid": 1,\n    "name": "a"\n  },\n  {\n    "pid": 2,\n    "name": "b"\n  }\n]\n',
  );
  expect(run('--format', 'ndjson', '--filter', 'pid=2')).toBe('{"pid":2,"name":"b"}\n');
  expect(run('--format', 'csv', '--columns', 'name')).toBe('name\r\na\r\nb\r\n');
  expect(run('--format', 'tree')).toBe('1\n└── NAME: a\n2\n└── NAME: b\n');
  expect(run('--json', '--columns', 'name')).not.toContain('pid');
});

test('what makes no sense is refused', () => {
  expect(() => formatOf({ json: true, format: 'csv' })).toThrow('exclude each other');
  expect(() => run('--columns', 'nope')).toThrow('no field named nope');
  expect(() => run('--format', 'xml')).toThrow('Allowed choices');
  expect(() => run('--pid', '-1')).toThrow();
  expect(() => run('--pid', 'x')).toThrow('not a PID');
});
