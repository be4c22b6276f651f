import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decompress } from 'zstd-napi';
import { MemorySource } from '../../src/bytes/memory.js';
import { decodeFile } from '../../src/criu/decode.js';
import { IMAGE_KINDS } from '../../src/criu/kinds.js';
import { parseCritAnswers } from '../support/crit.js';
import { isKindOfCrit } from '../support/crit-synthesis.js';
import { parseExact } from '../support/json.js';

/** Images that CRIU 4.2.1 dumped of test/lab/every-kind.py, and what crit encoded: see test/lab/live.test.ts. */
const FIXTURE = new URL('../fixtures/peers/every-kind.json.zst', import.meta.url);

describe('against the recorded answers of crit 4.2.1', () => {
  const answers = parseCritAnswers(decompress(readFileSync(FIXTURE)).toString());

  it.each([false, true])('decodes every kind of image, pretty: %s', async (pretty) => {
    const kinds = new Set<unknown>();
    let dumped = 0;
    for (const [name, { image, plain, pretty: prettied }] of answers) {
      if (plain === null) {
        expect(name).toMatch(/^(pages|nftables|ip6?tables|ifaddr|rule|route)/);
        continue;
      }
      let text = '';
      const source = new MemorySource(Buffer.from(image, 'base64'), name);
      for await (const piece of decodeFile(name, source, { pretty })) text += piece;
      const ours = parseExact(text);
      expect(ours, name).toEqual(pretty ? prettied : plain);
      kinds.add((ours as { magic: string }).magic);
      if (name.includes('.')) dumped += 1;
    }
    expect([...kinds].sort()).toEqual(Object.keys(IMAGE_KINDS).filter(isKindOfCrit).sort());
    expect(dumped).toBeGreaterThan(30);
  });
});
