import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FailedError, NotFoundError, UnsafeError } from '../../src/base/errors.js';
import { requireWritable } from '../../src/base/writable.js';
import { createAside, writeAside, writeFileAside } from '../../src/base/write-aside.js';
import { systemError } from '../support/system-error.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coldcase-files-'));
});
afterAll(() => rm(root, { recursive: true }));

test('nothing has the final name before the commit, and the file is private after it', async () => {
  const path = join(root, 'a');
  const file = await createAside(path);
  await file.output.append('half');
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
  await file.output.append('x');
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

test('the longest names that a file can have, and those of characters that few file systems know', async () => {
  const before = await readdir(root);
  for (const name of ['n'.repeat(255), 'é'.repeat(127), '-rf \n\u001b[2J']) {
    await writeFileAside(join(root, name), 'x');
    expect(await readFile(join(root, name), 'utf8')).toBe('x');
    await rm(join(root, name));
  }
  await expect(writeFileAside(join(root, 'n'.repeat(256)), 'x')).rejects.toThrow(
    'the name is longer than its file system takes',
  );
  expect(await readdir(root)).toEqual(before);
});

test('with --force neither a device nor a FIFO is replaced by a file', async () => {
  await expect(requireWritable('/dev/null', { force: true })).rejects.toThrow('/dev/null is no file');
  await expect(requireWritable('/dev/null', { force: true })).rejects.toThrow(UnsafeError);
});

test.each([
  ['sync', 'EDQUOT', 'the disk quota is used up, after 4 B of 4 B'],
  ['sync', 'EIO', 'input/output error'],
  ['close', 'ENOSPC', 'no space left on its file system, after 4 B of 4 B'],
] as const)(
  'what a disk tells only at %s (%s) is an error, and nothing is left',
  async (call, code, text) => {
    const before = await readdir(root);
    const file = await createAside(join(root, 'told late'), { size: 4 });
    await file.output.append('four');
    const handle: Partial<Record<'sync' | 'close', () => Promise<void>>> = file.handle;
    const close = handle.close;
    handle[call] = async () => {
      if (call === 'close') await close?.();
      throw systemError(code, `f${call}`);
    };
    const committed = file.commit();
    await expect(committed).rejects.toThrow(text);
    await expect(committed).rejects.toThrow(FailedError);
    expect(await readdir(root)).toEqual(before);
  },
);

test('a file whose directory cannot be flushed is there, and the error says so', async () => {
  const path = join(root, 'named');
  let flushed = 0;
  const file = await createAside(path);
  await file.output.append('x');
  const prototype: { sync(): Promise<void> } = Object.getPrototypeOf(file.handle);
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async () => {
    flushed += 1;
    if (flushed === 2) throw systemError('EIO', 'fsync');
  });
  await expect(file.commit()).rejects.toMatchObject({ more: [`${path} is there, and complete`] });
  spy.mockRestore();
  expect(await readFile(path, 'utf8')).toBe('x');
});

test('work that fails leaves nothing, and its error is the error', async () => {
  const before = await readdir(root);
  const failed = writeAside(join(root, 'failed'), {}, async ({ output }) => {
    await output.append('x');
    throw new Error('as it failed');
  });
  await expect(failed).rejects.toThrow('as it failed');
  expect(await readdir(root)).toEqual(before);
});
