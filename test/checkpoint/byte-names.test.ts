// A name in CRIU's images, in the engine's files and in the tars of changed files is one name, byte for byte.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPortable } from '../../src/base/spelling.js';
import { decodeText } from '../../src/base/text.js';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { recoverObjects } from '../../src/recover/recover.js';
import { safeName } from '../../src/recover/recovered.js';
import { renderJson } from '../../src/render/json.js';
import { diffCheckpoints } from '../../src/views/diff.js';
import { filesView } from '../../src/views/files.js';
import { psView } from '../../src/views/ps.js';
import { socketsView } from '../../src/views/sockets.js';
import { byteNamesTar, bytesOf, entryOf } from '../support/byte-names.js';
import { coldcase } from '../support/coldcase.js';
import { encode } from '../support/criu-image.js';
import { rawHeader } from '../support/raw-tar.js';
import { FOWN, syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

const OPTIONS = encode({ 1: 1024, 2: 2048, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1 });
const regular = (id: number, name: string) => ({
  1: 1,
  2: id,
  3: encode({ 1: id, 2: 0, 3: 0, 5: FOWN, 6: bytesOf(name) }),
});
const socket = (id: number, name: string) => ({
  1: 5,
  2: id,
  16: encode({
    ...{ 1: id, 2: id, 3: 1, 4: 7, 5: 0, 6: 0, 7: 0, 8: 0, 9: FOWN, 10: OPTIONS },
    11: bytesOf(name),
  }),
});

const FILES = [
  regular(1, '/dev/shm/a\\xfe'),
  regular(2, '/dev/shm/a\\xff'),
  regular(3, '/dev/shm/a\ufffd'),
  socket(4, '\\x00abstract\\xff'),
  socket(5, '\\x00abstract\\xfe\\x00'),
];

function checkpointOf(rootfs: Uint8Array): Checkpoint {
  const fdinfo = FILES.map((file, fd) => ({ 1: file[2], 2: 0, 3: file[1], 4: fd }));
  return syntheticCheckpoint(
    {
      inventory: ['INVENTORY', { 1: 2 }],
      pstree: ['PSTREE', { 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }],
      'core-1': ['CORE', { 1: 1, 3: encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: bytesOf('one\\xff') }) }],
      'ids-1': ['IDS', { 1: 1, 2: 5, 3: 1, 4: 1 }],
      'fdinfo-5': ['FDINFO', ...fdinfo],
      files: ['FILES', ...FILES],
    },
    {
      'rootfs-diff.tar': rootfs,
      'devshm-checkpoint.tar': byteNamesTar(),
      'deleted.files': bytesOf('["/gone\\xff", "/gone\\xfe"]'),
    },
  );
}

test('views tell the files, sockets and processes apart, and so does their JSON', async () => {
  const checkpoint = checkpointOf(byteNamesTar());
  const paths = (await filesView.rows(checkpoint, {})).map(({ path }) => path);
  expect(paths).toEqual([
    ...['/dev/shm/a\udcfe', '/dev/shm/a\udcff', '/dev/shm/a\ufffd'],
    ...['@abstract\udcff', '@abstract\udcfe\0'],
  ]);
  const json: string[] = JSON.parse(renderJson(paths));
  expect(json[1]).toBe('/dev/shm/a\ufffdff');
  expect(json.map(readPortable)).toEqual(paths);
  expect((await socketsView.rows(checkpoint, {})).map(({ local }) => local)).toEqual(paths.slice(3));
  expect((await psView.rows(checkpoint, {})).map(({ comm }) => comm)).toEqual(['one\udcff']);
});

test('a path of an image leads to the entry of a tar that has this very name', async () => {
  const checkpoint = checkpointOf(byteNamesTar());
  const found = new Map<string, unknown>();
  for await (const { name, holders } of recoverObjects(checkpoint, (problem) =>
    expect.fail(problem.message),
  )) {
    found.set(
      name,
      holders.map(({ by }) => by),
    );
  }
  expect(found.get('/dev/shm/a\udcfe')).toEqual([0]);
  expect(found.get('/dev/shm/a\udcff')).toEqual([1]);
  expect(found.get('/dev/shm/a\ufffd')).toEqual([2]);
  expect([...(await checkpoint.rootFsDiff()).keys()].slice(0, 3)).toEqual([
    '/a\udcfe',
    '/a\udcff',
    '/a\ufffd',
  ]);
  expect((await checkpoint.container()).deletedFiles).toEqual(['/gone\udcff', '/gone\udcfe']);
});

test('a change of one of two files is told of that one', async () => {
  const changed = Buffer.concat([
    entryOf({ name: 'a\\xfe', content: 'fe' }),
    entryOf({ name: 'a\\xff', content: 'another' }),
    Buffer.alloc(1024),
  ]);
  const before = Buffer.concat([
    entryOf({ name: 'a\\xff', content: 'ff' }),
    entryOf({ name: 'a\\xfe', content: 'fe' }),
    Buffer.alloc(1024),
  ]);
  const rows = await diffCheckpoints(checkpointOf(before), checkpointOf(changed), {});
  expect(rows.map(({ area, change, item }) => [area, change, item])).toEqual([
    ['root file system', 'changed', '/a\udcff'],
  ]);
});

test.skipIf(process.platform !== 'linux')(
  'recover writes the files under their own names (Linux)',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coldcase-test-'));
    try {
      const archive = join(directory, 'checkpoint.tar');
      const checkpoint = checkpointOf(byteNamesTar());
      const parts: Uint8Array[] = [];
      for (const entry of await checkpoint.archive.entries()) {
        const bytes = await checkpoint.archive.open(entry).read(0, entry.size);
        const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
        parts.push(rawHeader({ name: entry.name, size: bytes.length }), bytes, padding);
      }
      writeFileSync(archive, Buffer.concat([...parts, Buffer.alloc(1024)]));
      const ran = await coldcase(['recover', archive, '-C', join(directory, 'out'), '--json']);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const rows: { path: string }[] = JSON.parse(ran.stdout);
      expect(rows.map(({ path }) => readPortable(path))).toContain('tmpfs/dev/shm/a\udcff');
      const there = readdirSync(join(directory, 'out/tmpfs/dev/shm'), { encoding: 'buffer' }).map(decodeText);
      expect(there.sort()).toEqual(['a\udcfe', 'a\udcff', 'a\ufffd', 'd\udc80']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test('a recovered name that is too long is cut between characters', () => {
  const cut = safeName(`x${'🙂'.repeat(100)}`);
  expect(cut.isWellFormed()).toBe(true);
  expect(cut).toBe(`x${'🙂'.repeat(49)}~`);
  expect(safeName('\udcff'.repeat(200))).toBe('\udcff'.repeat(200));
});
