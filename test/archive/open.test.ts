import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import tarStream from 'tar-stream';
import { expect, test } from 'vitest';
import { compress, decompress } from 'zstd-napi';
import { readEntry } from '../../src/archive/archive.js';
import { openArchive } from '../../src/archive/open.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { SAMPLES, type Sample, samplePath } from '../support/samples.js';

/** Name, type and hash of every entry, as tar-stream, another implementation, reads them. */
async function byTarStream(tar: Uint8Array): Promise<string[]> {
  const extract = tarStream.extract();
  extract.end(tar);
  const lines: string[] = [];
  for await (const entry of extract) {
    const hash = createHash('sha256');
    for await (const chunk of entry) hash.update(Buffer.from(chunk as Uint8Array));
    const name = entry.header.name.replace(/^\.\//, '').replace(/\/$/, '');
    lines.push(`${name} ${entry.header.type} ${entry.header.size} ${hash.digest('hex')}`);
  }
  return lines;
}

async function byUs(source: MemorySource): Promise<string[]> {
  const archive = await openArchiveSource(source, 'sample');
  const lines: string[] = [];
  for (const entry of await archive.entries()) {
    const content = await readEntry(archive, entry, 32 * 1024 * 1024);
    const hash = createHash('sha256').update(content).digest('hex');
    lines.push(`${entry.name} ${entry.type} ${entry.size} ${hash}`);
  }
  await archive.close();
  return lines;
}

const tarOf = (sample: Sample): Uint8Array => decompress(readFileSync(samplePath(sample)));

test.each(SAMPLES)('%s: names, sizes and contents are those that tar-stream reads', async (sample) => {
  const tar = tarOf(sample);
  expect(await byUs(new MemorySource(tar, sample))).toEqual(await byTarStream(tar));
});

test.each(SAMPLES)('%s: plain, gzip and zstd read alike', async (sample) => {
  const tar = tarOf(sample);
  const plain = await byUs(new MemorySource(tar, sample));
  expect(await byUs(new MemorySource(gzipSync(tar), sample))).toEqual(plain);
  expect(await byUs(new MemorySource(compress(tar), sample))).toEqual(plain);
});

test('an archive is told by content, says how it is stored, and finds entries by name', async () => {
  const archive = await openArchive(samplePath('crio-looper'));
  expect(archive.storage).toMatchObject({
    encrypted: false,
    compression: 'zstd',
    tarSize: 275_456,
    endMarked: true,
  });
  expect((await archive.find('checkpoint/core-1.img'))?.size).toBe(2269);
  expect(await archive.find('nothing')).toBeUndefined();
  await archive.close();
});
