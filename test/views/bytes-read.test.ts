// show and ps on a sealed archive of 1 GiB read next to nothing of it, from a file as over HTTP.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { openArchive } from '../../src/archive/open.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { psView } from '../../src/views/ps.js';
import { showView } from '../../src/views/show.js';
import type { AnyView } from '../../src/views/view.js';
import { countingSource } from '../support/counting-source.js';
import { type RangeServer, serveRanges } from '../support/range-server.js';
import { samplePath } from '../support/samples.js';
import { growTar, sealGrown } from '../support/virtual-sealed.js';

let sealed: Awaited<ReturnType<typeof sealGrown>>;
let server: RangeServer;
beforeAll(async () => {
  const sample = Buffer.from(decompress(readFileSync(samplePath('podman-incident'))));
  sealed = await sealGrown(await growTar(sample, 'checkpoint/pages-2.img', 1024));
  server = await serveRanges(sealed.source);
});
afterAll(() => server.close());

const VIEWS: readonly AnyView[] = [showView, psView];

test.each(VIEWS)('$name reads less than 1 % of a sealed file', async (view) => {
  const source = countingSource(sealed.source);
  const archive = await openArchiveSource(source, 'sealed', { identities: [sealed.identity] });
  expect((await view.rows(new Checkpoint(archive), {})).length).toBeGreaterThan(0);
  expect(source.size).toBeGreaterThan(2 ** 30);
  expect(source.bytesRead).toBeLessThan(source.size / 100);
});

test.each(VIEWS)('$name reads less than 1 % of it over HTTP', async (view) => {
  const before = server.bytesSent;
  const archive = await openArchive(server.url, { identities: [sealed.identity] });
  expect((await view.rows(new Checkpoint(archive), {})).length).toBeGreaterThan(0);
  await archive.close();
  expect(server.bytesSent - before).toBeLessThan(sealed.source.size / 100);
});
