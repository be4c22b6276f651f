import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifestPath } from '../../src/seal/manifest.js';
import { readManifest } from '../../src/seal/read-manifest.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-manifest-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each<[string, (path: string) => void]>([
  ['a FIFO', (path) => void execFileSync('mkfifo', [path])],
  ['a device without end', (path) => symlinkSync('/dev/zero', path)],
  ['a directory', (path) => mkdirSync(path)],
])('%s where a manifest should be is neither waited for nor read', async (name, make) => {
  const sealed = join(directory, `${name}.age`);
  make(manifestPath(sealed));
  const { manifest, check } = await readManifest(sealed);
  expect(manifest).toBeUndefined();
  expect(check).toMatchObject({ verdict: 'failed', detail: expect.stringContaining('not a regular file') });
});

test('one that is named may be a pipe, and waiting for it can be ended', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const controller = new AbortController();
  const reason = new Error('stopped');
  setTimeout(() => controller.abort(reason), 100);
  await expect(readManifest('x', pipe, controller.signal)).rejects.toBe(reason);
});
