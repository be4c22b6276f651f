// The commands as they are run: formats, exit codes, filters, help.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NotFoundError } from '../../src/base/errors.js';
import { type Format, renderRows } from '../../src/cli/output.js';
import { VIEWS } from '../../src/views/registry.js';
import type { AnyView } from '../../src/views/view.js';
import { sampleCheckpoint } from '../support/checkpoint.js';
import { coldcase } from '../support/coldcase.js';
import { samplePath } from '../support/samples.js';

const INCIDENT = samplePath('podman-incident');
const directory = mkdtempSync(join(tmpdir(), 'coldcase-views-'));
afterAll(() => rmSync(directory, { recursive: true }));

const NAMES = Object.keys(VIEWS);

/** What the command would print, in this process: starting one for every view and format takes its time. */
async function output(name: string, format: Format): Promise<string> {
  const view = await load(name);
  const rows = await view.rows(await checkpoint, {});
  return renderRows({ ...view, rows }, { format }, { color: false });
}

const checkpoint = sampleCheckpoint('podman-incident');
const load = async (name: string): Promise<AnyView> =>
  (await Object.entries(VIEWS)
    .find(([key]) => key === name)?.[1]
    .load()) ?? expect.fail(name);

test.each(NAMES)('%s: JSON has the rows of NDJSON and as many as CSV, with the same fields', async (name) => {
  const rows = JSON.parse(await output(name, 'json')) as readonly Record<string, unknown>[];
  const lines = (await output(name, 'ndjson')).split('\n').filter((line) => line !== '');
  expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
  const csv = (await output(name, 'csv')).split('\r\n');
  expect(csv).toHaveLength(rows.length + 2);
  const columns = csv[0]?.split(',') ?? [];
  for (const row of rows) expect(Object.keys(row).sort()).toEqual([...columns].sort());
});

test('a command prints what its view has, and its help names the fields', async () => {
  const [json, help] = await Promise.all([
    coldcase(['files', INCIDENT, '--json']),
    coldcase(['files', '--help']),
  ]);
  expect(json).toEqual({ code: 0, stdout: await output('files', 'json'), stderr: '' });
  for (const { key } of (await load('files')).columns)
    expect(help.stdout).toMatch(new RegExp(`^  ${key} +\\S`, 'm'));
  expect(help.stdout).toContain('Examples:');
});

test('the fixed names of the fields', async () => {
  const keys = async (name: string) =>
    Object.keys((JSON.parse(await output(name, 'json')) as object[])[0] ?? {});
  expect(await keys('show')).toEqual(
    expect.arrayContaining([
      'name',
      'image',
      'id',
      'runtime',
      'engine',
      'namespace',
      'pod',
      'created',
      'checkpointed',
    ]),
  );
  expect(await keys('ps')).toEqual(
    expect.arrayContaining(['pid', 'ppid', 'comm', 'state', 'command', 'exe', 'exeDeleted']),
  );
  expect(await keys('files')).toEqual(expect.arrayContaining(['pid', 'fd', 'type', 'path', 'deleted']));
  expect(await keys('sockets')).toEqual(
    expect.arrayContaining(['pid', 'fd', 'protocol', 'state', 'local', 'remote']),
  );
  expect(await keys('maps')).toEqual(
    expect.arrayContaining(['pid', 'start', 'end', 'perms', 'kind', 'path']),
  );
});

test('show takes several archives, one row each', async () => {
  const { stdout } = await coldcase([
    'show',
    INCIDENT,
    samplePath('crio-looper'),
    samplePath('containerd-redis'),
  ]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(4);
});

test('a process and a filter, on a view and as a tree', async () => {
  const listeners = await coldcase([
    'sockets',
    INCIDENT,
    '-p',
    '1',
    '--filter',
    'state=LISTEN',
    '--filter',
    'protocol~^tcp',
    '--format',
    'csv',
    '--columns',
    'local',
  ]);
  expect(listeners.stdout).toBe('local\r\n0.0.0.0:8080\r\n[::]:9090\r\n127.0.0.1:4444\r\n');
  const tree = await coldcase(['ps', INCIDENT, '--format', 'tree']);
  expect(tree.stdout).toContain('├── [4] /tmp/.x/xmrig (comm kworker/u8:2, exe /tmp/.x/xmrig DELETED)');
});

test.each(NAMES)('%s: a PID that is not there', async (name) => {
  const rows = (await load(name)).rows(await checkpoint, { pid: 99 });
  await expect(rows).rejects.toThrow(NotFoundError);
});

test('a PID that is not there is exit code 4', async () => {
  const { code, stdout, stderr } = await coldcase(['env', INCIDENT, '--pid', '99']);
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toMatch(/there is no process 99.*\n {2}coldcase ps lists the processes\n$/);
});

test('a missing archive is exit code 4, garbage 5, nonsense 2', async () => {
  const garbage = join(directory, 'garbage');
  writeFileSync(garbage, Buffer.alloc(4096, 'not a tar at all '));
  for (const name of ['show', 'inspect']) {
    expect((await coldcase([name, join(directory, 'nothing.tar')])).code).toBe(4);
    expect((await coldcase([name, garbage])).code).toBe(5);
  }
  expect((await coldcase(['ps', INCIDENT, '--filter', 'nope=1'])).code).toBe(2);
  expect((await coldcase(['ps', INCIDENT, '--filter', 'pid'])).code).toBe(2);
  expect((await coldcase(['ps', INCIDENT, '--pid', 'x'])).code).toBe(2);
  expect((await coldcase(['ps'])).code).toBe(2);
});

test("inspect: checkpointctl's flags, as a tree and as JSON", async () => {
  const { stdout } = await coldcase(['inspect', INCIDENT, '--all']);
  for (const text of [
    'Engine: Podman',
    'Frozen time: 401 ms',
    'io.container.manager: libpod',
    'DB_PASSWORD=correct-horse-battery',
    '4u REG /tmp/.x/loot.txt (deleted)',
    'tcp LISTEN 127.0.0.1:4444',
    '/etc/hosts',
    'Deleted files',
  ]) {
    expect(stdout).toContain(text);
  }
  const plain = await coldcase(['inspect', INCIDENT]);
  expect(plain.stdout).toContain('Checkpoint size: 10.6 MiB');
  expect(plain.stdout).not.toContain('[1]');
  const names = await coldcase(['inspect', INCIDENT, '--ps-tree']);
  expect(names.stdout).toContain('[4] kworker/u8:2\n');
  const commands = await coldcase(['inspect', INCIDENT, '--ps-tree-cmd', '-p', '3']);
  expect(commands.stdout).toContain('[3] /bin/sh -i');
  expect(commands.stdout).not.toContain('[1]');
  const [json] = JSON.parse(
    (
      await coldcase([
        'inspect',
        INCIDENT,
        '--format',
        'json',
        '--files',
        '--sockets',
        '--stats',
        '--metadata',
        '--mounts',
        '--ps-tree-env',
        '--pid',
        '4',
      ])
    ).stdout,
  ) as readonly Record<string, unknown>[];
  expect(json).toMatchObject({
    name: 'incident',
    statistics: { frozenTime: 400618 },
    processes: [
      { pid: 4, children: [], environment: expect.arrayContaining([{ name: 'INCIDENT', value: '1' }]) },
    ],
    sockets: [],
  });
  expect((await coldcase(['inspect', INCIDENT, '-p', '99'])).code).toBe(4);
});

test('diff: nothing between equals; processes, files, sockets, mappings, environment, files on disk, memory else', async () => {
  const same = await coldcase(['diff', INCIDENT, INCIDENT, '--json']);
  expect(JSON.parse(same.stdout)).toEqual([]);
  const other = await coldcase(['diff', INCIDENT, samplePath('containerd-redis'), '--json']);
  const rows = JSON.parse(other.stdout) as readonly { readonly area: string }[];
  expect(new Set(rows.map(({ area }) => area))).toEqual(
    new Set(['process', 'file', 'socket', 'mapping', 'environment', 'root file system', 'memory']),
  );
  expect(rows).toContainEqual({
    area: 'process',
    change: 'removed',
    pid: 6,
    item: 'process',
    before: '[6] true (zombie)',
    after: null,
  });
  expect(rows).toContainEqual({
    area: 'environment',
    change: 'removed',
    pid: 1,
    item: 'DB_PASSWORD',
    before: 'correct-horse-battery',
    after: null,
  });
  expect(rows).toContainEqual({
    area: 'memory',
    change: 'changed',
    pid: 1,
    item: 'pages',
    before: 2471,
    after: 736,
  });
  const one = await coldcase(['diff', INCIDENT, samplePath('containerd-redis'), '-p', '3', '--json']);
  expect((JSON.parse(one.stdout) as readonly { pid: number }[]).every(({ pid }) => pid === 3)).toBe(true);
  expect((await coldcase(['diff', INCIDENT, INCIDENT, '-p', '99'])).code).toBe(4);
});
