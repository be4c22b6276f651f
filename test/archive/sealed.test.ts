import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { type Archive, readEntry } from '../../src/archive/archive.js';
import { openArchive } from '../../src/archive/open.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { countingSource } from '../support/counting-source.js';
import { type RangeServer, serveRanges } from '../support/range-server.js';
import { samplePath } from '../support/samples.js';
import { type GrownTar, grownSource, growTar, sealGrown } from '../support/virtual-sealed.js';

const PAGES = 'checkpoint/pages-2.img';
const MIB = 1024 * 1024;

/** What `show` and `ps` read at most: every small file, and the pages with arguments and environments. */
async function readAsViewsDo(archive: Archive): Promise<number> {
  let files = 0;
  for (const entry of await archive.entries()) {
    if (entry.type !== 'file' || entry.size > 64 * 1024) continue;
    await readEntry(archive, entry, 64 * 1024);
    files += 1;
  }
  const pages = await archive.find(PAGES);
  if (pages === undefined) throw new Error('no pages');
  await archive.open(pages).read(10 * MIB - 8192, 8192);
  return files;
}

describe('a sealed archive of 1 GiB', () => {
  let tar: GrownTar;
  let sealed: Awaited<ReturnType<typeof sealGrown>>;
  let server: RangeServer;
  beforeAll(async () => {
    const sample = Buffer.from(decompress(readFileSync(samplePath('podman-incident'))));
    tar = await growTar(sample, PAGES, 1024);
    sealed = await sealGrown(tar);
    server = await serveRanges(sealed.source);
  });
  afterAll(() => server.close());

  test('is larger than 1 GiB', () => {
    expect(sealed.source.size).toBeGreaterThan(1024 * MIB);
  });

  test('answers from less than 1 % of its bytes', async () => {
    const source = countingSource(sealed.source);
    const archive = await openArchiveSource(source, 'sealed', { identities: [sealed.identity] });
    expect(await readAsViewsDo(archive)).toBeGreaterThan(60);
    expect(source.bytesRead).toBeLessThan(source.size / 100);
  });

  test('answers over HTTP from less than 1 % of its bytes', async () => {
    const archive = await openArchive(server.url, { identities: [sealed.identity] });
    expect(await readAsViewsDo(archive)).toBeGreaterThan(60);
    await archive.close();
    expect(server.bytesSent).toBeLessThan(sealed.source.size / 100);
    expect(server.requests).toBeLessThan(20);
  });

  test('has the entries, facts and contents of its tar', async () => {
    const archive = await openArchiveSource(sealed.source, 'sealed', { identities: [sealed.identity] });
    const plain = await openArchiveSource(grownSource(tar), 'plain');
    expect(await archive.entries()).toEqual(await plain.entries());
    expect(archive.storage).toMatchObject({
      encrypted: true,
      compression: 'zstd-seekable',
      storedSize: sealed.source.size,
      tarSize: grownSource(tar).size,
      sealed: { capture: { tool: 'test' } },
    });
    const pages = (await plain.entries()).find(({ name }) => name === PAGES);
    if (pages === undefined) throw new Error('no pages');
    for (const offset of [0, 9 * MIB + 77, 500 * MIB - 3]) {
      const [ours, theirs] = [archive.open(pages), plain.open(pages)];
      expect(Buffer.compare(await ours.read(offset, 3 * MIB), await theirs.read(offset, 3 * MIB))).toBe(0);
    }
  });

  test('without its index, is read by hopping over headers', async () => {
    const bare = await sealGrown(tar, { index: false });
    const source = countingSource(bare.source);
    const archive = await openArchiveSource(source, 'bare', { identities: [bare.identity] });
    expect((await archive.entries()).length).toBeGreaterThan(60);
    expect(source.bytesRead).toBeLessThan(source.size / 50);
    expect(archive.storage.sealed).toBeUndefined();
  });

  test('does not open without its identity', async () => {
    await expect(openArchiveSource(sealed.source, 'sealed')).rejects.toMatchObject({ exitCode: 2 });
  });
});
