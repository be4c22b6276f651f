// The first screen of a sealed archive of 1 GiB reads next to nothing of it, and a page of memory little more.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { openArchiveSource } from '../../../src/archive/open-source.js';
import { Contents } from '../../../src/tui/runtime/contents.js';
import { pageOf } from '../../../src/tui/screens/pages.js';
import { Workspace } from '../../../src/tui/screens/workspace.js';
import { countingSource } from '../../support/counting-source.js';
import { samplePath } from '../../support/samples.js';
import { growTar, sealGrown } from '../../support/virtual-sealed.js';

test('nothing is read before it is looked at', async () => {
  const sample = Buffer.from(decompress(readFileSync(samplePath('podman-incident'))));
  const sealed = await sealGrown(await growTar(sample, 'checkpoint/pages-2.img', 1024));
  const source = countingSource(sealed.source);
  const archive = await openArchiveSource(source, 'sealed', { identities: [sealed.identity] });
  const workspace = await Workspace.open(archive);
  const opened = source.bytesRead;
  const overview = { place: { page: 'overview' }, tab: 'overview' } as const;
  const contents = new Contents(
    (place) => pageOf(workspace, place),
    () => {},
  );
  // making pages and asking what is there reads nothing
  expect(contents.peek(overview.place, overview.tab)).toBeUndefined();
  expect(source.bytesRead).toBe(opened);
  contents.want([overview]);
  while (contents.peek(overview.place, overview.tab) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const content = contents.peek(overview.place, overview.tab);
  expect(content?.kind === 'outline' && content.root.count).toBeGreaterThan(15);
  expect(source.size).toBeGreaterThan(2 ** 30);
  expect(source.bytesRead).toBeLessThan(source.size / 100);
  contents.close();
}, 60_000);
