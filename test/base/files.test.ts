import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { NotFoundError, UnsafeError } from '../../src/base/errors.js';
import { createAside, requireWritable, writeFileAside } from '../../src/base/files.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coldcase-files-'));
});
afterAll(() => rm(root, { recursive: true }));

test('nothing has the final name before the commit, and the file is private after it', async () => {
  const path = join(root, 'a');
  const file = await createAside(path);
  await file.handle.writeFile('half');
  expect(await readdir(root)).toEqual([expect.stringMatching(/^\.a\.[0-9a-f]{12}\.partial$/)]);
  await file.commit();
  await file.discard();
  expect(await readdir(root)).toEqual(['a']);
  expect(await readFile(path, 'utf8')).toBe('half');
  expect((await stat(path)).mode & 0o7777).toBe(0o600);
});

test('what gets its name was flushed before, and its directory after', async () => {
  const path = join(root, 'flushed');
  const file = await createAside(path);
  const flushed: string[] = [];
  const prototype: { sync(): Promise<void> } = Object.getPrototypeOf(file.handle);
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async function (this: unknown) {
    flushed.push(
      `${this === file.handle ? 'file' : 'directory'}, ${existsSync(path) ? 'named' : 'not named'}`,
    );
  });
  await file.commit();
  spy.mockRestore();
  expect(flushed).toEqual(['file, not named', 'directory, named']);
});

test('a discarded file leaves nothing', async () => {
  const before = await readdir(root);
  const file = await createAside(join(root, 'b'));
  await file.handle.writeFile('x');
  await file.discard();
  await file.discard();
  expect(await readdir(root)).toEqual(before);
});

test('what exists is refused: before the work, and when it appeared during it', async () => {
  const path = join(root, 'c');
  const file = await createAside(path);
  await writeFile(path, 'theirs');
  await expect(file.commit()).rejects.toThrow(UnsafeError);
  await expect(createAside(path)).rejects.toThrow(`${path} exists`);
  expect(await readFile(path, 'utf8')).toBe('theirs');
  await writeFileAside(path, 'ours', { force: true });
  expect(await readFile(path, 'utf8')).toBe('ours');
  expect((await readdir(root)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('a symbolic link in the way is refused, and replaced, not followed, when forced', async () => {
  const target = join(root, 'target');
  await writeFile(target, 'untouched');
  await symlink(target, join(root, 'link'));
  await symlink(join(root, 'nowhere'), join(root, 'dangling'));
  await expect(writeFileAside(join(root, 'dangling'), 'x')).rejects.toThrow(UnsafeError);
  await writeFileAside(join(root, 'link'), 'new', { force: true });
  expect(await readFile(target, 'utf8')).toBe('untouched');
});

test('a missing directory, a file as one, and a directory in the way', async () => {
  await expect(requireWritable(join(root, 'no', 'x'))).rejects.toThrow(NotFoundError);
  await expect(requireWritable(join(root, 'a', 'x'))).rejects.toThrow(NotFoundError);
  await mkdir(join(root, 'dir'));
  await expect(requireWritable(join(root, 'dir'), { force: true })).rejects.toThrow(UnsafeError);
});
