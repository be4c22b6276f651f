import { describe, expect, it } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { decodeFile } from '../../src/criu/decode.js';
import { openImage } from '../../src/criu/image.js';
import { listImages } from '../../src/criu/read.js';
import { parseExact } from '../support/json.js';
import { peerAnswer } from '../support/peers.js';
import { readEntries } from '../support/read-entries.js';
import { SAMPLES, samplePath } from '../support/samples.js';

describe.each(SAMPLES)('%s', (sample) => {
  it.each([
    ['crit decode', false],
    ['crit decode --pretty', true],
  ] as const)('decodes every image as %s does', async (_, pretty) => {
    const answer = parseExact(peerAnswer(sample, pretty ? 'crit-pretty' : 'crit'));
    const expected = new Map(Object.entries(answer as object));
    const archive = await openArchive(samplePath(sample));
    const images = await listImages(archive);
    expect([...images.keys()].filter((name) => name.endsWith('.img')).sort()).toEqual(
      [...expected.keys()].sort(),
    );
    let compared = 0;
    for (const [name, entry] of images) {
      let text = '';
      for await (const piece of decodeFile(name, archive.open(entry), { pretty })) text += piece;
      const wanted: unknown = expected.get(name);
      const ours = parseExact(text);
      if (wanted === undefined) expect(ours, name).toMatchObject({ magic: 'STATS' });
      else if (typeof wanted === 'object' && wanted !== null && '_undecodable' in wanted) {
        expect(ours, name).toMatchObject({ magic: null, raw: { size: entry.size } });
      } else {
        expect(ours, name).toEqual(wanted);
        compared += 1;
      }
    }
    expect(compared).toBe({ 'containerd-redis': 22, 'crio-looper': 22, 'podman-incident': 42 }[sample]);
    await archive.close();
  });

  it('reads typed entries', async () => {
    const archive = await openArchive(samplePath(sample));
    const tree = await readEntries(archive, 'pstree.img', 'PSTREE');
    expect(tree[0]?.pid).toBe(1);
    const [mm] = await readEntries(archive, 'mm-1.img', 'MM');
    expect(mm?.vmas.every((vma) => vma.start < vma.end)).toBe(true);
    const files = await readEntries(archive, 'files.img', 'FILES');
    expect(files.find(({ id }) => id === mm?.exe_file_id)?.reg?.name).toMatch(
      /python3|redis-check-rdb|busybox/,
    );
    await archive.close();
  });
});

it('finds the unread data of pipes and sockets, and deleted files, without reading them first', async () => {
  const archive = await openArchive(samplePath('podman-incident'));
  const found: string[] = [];
  for (const [name, entry] of await listImages(archive)) {
    if (!/^(pipes-data|sk-queues|ghost-file-3)/.test(name)) continue;
    const image = await openImage(archive.open(entry));
    for await (const { extra } of image.records()) {
      if (extra?.kind === 'bytes') found.push(Buffer.from(await image.read(extra.data)).toString('latin1'));
    }
  }
  expect(found.join('\n')).toContain('PIPE-SECRET-42');
  expect(found.join('\n')).toContain('SKQ-SECRET-77');
  await archive.close();
});
