import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { decodeFile } from '../../src/criu/decode.js';
import { listImages } from '../../src/criu/read.js';
import { parseExact } from '../support/json.js';
import { hasLab, labCheckpoint, labRun, labTitle } from '../support/lab.js';

/** Every file of a tar that pycriu can read, by path; null for the others. */
const DECODE_TAR = `
import json, sys, tarfile
from pycriu import images
out = {}
for member in (tar := tarfile.open(fileobj=sys.stdin.buffer, mode='r|')):
    if not member.isfile() or not (member.name.endswith('.img') or member.name == 'stats-dump'): continue
    data = tar.extractfile(member).read()
    try: out[member.name] = {'plain': images.loads(data), 'pretty': images.loads(data, True)}
    except Exception: out[member.name] = None
json.dump(out, sys.stdout)
`;

describe.skipIf(!hasLab)(`a fresh checkpoint, ${labTitle}`, () => {
  const folder = hasLab ? mkdtempSync(join(tmpdir(), 'coldcase-lab-')) : '';
  const path = join(folder, 'fresh.tar');

  beforeAll(() => labCheckpoint(path, 'INCIDENT=1'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('decodes every image as crit does, both ways', async () => {
    const answer = parseExact(labRun(['python3', '-c', DECODE_TAR], readFileSync(path)).toString());
    const theirs = new Map(
      Object.entries(answer as Record<string, { plain: unknown; pretty: unknown } | null>),
    );
    const archive = await openArchive(path);
    let compared = 0;
    for (const [name, entry] of await listImages(archive)) {
      const expected = theirs.get(entry.name);
      expect(expected, `${entry.name} in the tar`).toBeDefined();
      for (const pretty of [false, true]) {
        let text = '';
        for await (const piece of decodeFile(name, archive.open(entry), { pretty })) text += piece;
        const ours = parseExact(text);
        if (expected === null) expect(ours, name).toMatchObject({ magic: null });
        else expect(ours, name).toEqual(pretty ? expected?.pretty : expected?.plain);
        if (expected !== null) compared += 1;
      }
    }
    await archive.close();
    expect(compared).toBeGreaterThan(80);
  });
});
