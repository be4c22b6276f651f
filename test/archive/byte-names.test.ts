import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Archive, readEntry } from '../../src/archive/archive.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { decodeSealedIndex, encodeSealedIndex } from '../../src/archive/sealed-index.js';
import { selectEntries, selectEntry, spelledMatcher } from '../../src/archive/select.js';
import { indexTar } from '../../src/archive/tar-index.js';
import { FormatError } from '../../src/base/errors.js';
import { decodeText, encodeText } from '../../src/base/text.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { checkContent } from '../../src/seal/check-content.js';
import { byteNamesTar, entryOf } from '../support/byte-names.js';

const open = (tar: Uint8Array): Promise<Archive> => openArchiveSource(new MemorySource(tar, 'test'), 'test');

async function contentOf(archive: Archive, path: string): Promise<string> {
  const { archive: inner, entry } = await selectEntry(archive, path);
  return Buffer.from(await readEntry(inner, entry, 100)).toString();
}

describe.each(['header', 'gnu', 'pax'] as const)('names that are no UTF-8, in %s', (style) => {
  const tar = byteNamesTar(style);

  test('are kept byte for byte, targets of links as well', async () => {
    const entries = await (await open(tar)).entries();
    expect(entries.map(({ name }) => encodeText(name).toString('latin1'))).toEqual([
      ...['a\xfe', 'a\xff', 'a\xef\xbf\xbd', 'h', 's'],
      ...['d\x80', 'd\x80/caf\xe9', 'd\x80/cafe\xcc\x81', 'd\x80/caf\xc3\xa9'],
    ]);
    expect(entries[3]?.linkName).toBe('a\udcff');
    expect(entries[4]?.linkName).toBe('a\udcfe');
    if (style !== 'gnu') expect(entries[1]?.uname).toBe('b\udcf6b');
  });

  test('lead a hard link to its own file, and nobody to another', async () => {
    const archive = await open(tar);
    expect(await contentOf(archive, 'h')).toBe('ff');
    expect(await contentOf(archive, 'a\udcff')).toBe('ff');
    expect(await contentOf(archive, 'a\ufffd')).toBe('U+FFFD');
    expect(await archive.find('a')).toBeUndefined();
  });

  test('may be given as tables or JSON print them', async () => {
    const archive = await open(tar);
    expect(await contentOf(archive, 'a\\xff')).toBe('ff');
    expect(await contentOf(archive, 'a\\xfe')).toBe('fe');
    expect(await contentOf(archive, 'a\ufffdfe')).toBe('fe');
    expect(await contentOf(archive, 'd\\x80/caf\\xe9')).toBe('latin-1');
    const within = await selectEntries(archive, 'd\\x80');
    expect(within.map(({ path }) => path)).toEqual([
      ...['d\udc80', 'd\udc80/caf\udce9', 'd\udc80/cafe\u0301', 'd\udc80/caf\u00e9'],
    ]);
    expect((await selectEntries(archive, 'd\\x80/caf?')).map(({ entry }) => entry.name)).toEqual([
      ...['d\udc80/caf\udce9', 'd\udc80/caf\u00e9'], // the third has an accent of its own
    ]);
    await expect(selectEntry(archive, 'a\\xfd')).rejects.toThrow('no entry');
  });
});

test('a name with a backslash hides none that is printed so, and none is taken for the other', async () => {
  const both = await open(
    Buffer.concat([
      entryOf({ name: 'a\\x5cxff', content: 'backslash' }),
      entryOf({ name: 'a\\xff', content: 'byte' }),
      Buffer.alloc(1024),
    ]),
  );
  await expect(selectEntry(both, 'a\\xff')).rejects.toMatchObject({ exitCode: 6 });
  expect((await selectEntries(both, 'a\\xff')).map(({ path }) => path)).toEqual(['a\\xff', 'a\udcff']);
  expect(await contentOf(both, 'a\\\\xff')).toBe('backslash');
  expect(await contentOf(both, 'a\udcff')).toBe('byte');
  expect(await contentOf(both, 'a\ufffdff')).toBe('byte');
  expect(['a\\xff', 'a\udcff', 'a\u00ff'].map(spelledMatcher('a\\xff'))).toEqual([true, true, false]);
});

test('paths into an archive within the archive are spelled the same way', async () => {
  const outer = await open(Buffer.concat([withContent('in\\xff.tar', byteNamesTar()), Buffer.alloc(1024)]));
  expect(await contentOf(outer, 'in\\xff.tar//a\\xff')).toBe('ff');
  expect(await contentOf(outer, 'in\ufffdff.tar//a\ufffdfe')).toBe('fe');
  expect((await selectEntries(outer, 'in\\xff.tar//')).length).toBe(9);
  await expect(selectEntries(outer, 'in\\xfe.tar//')).rejects.toThrow('no entry');
});

test('whatever the bytes of names, every entry is found by its own', async () => {
  const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f && value !== 0x2e);
  const names = fc.uniqueArray(fc.array(byte, { minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 20,
    selector: (name) => Buffer.from(name).toString('latin1'),
  });
  await fc.assert(
    fc.asyncProperty(names, async (all) => {
      const spelled = all.map((name) =>
        name.map((value) => `\\x${value.toString(16).padStart(2, '0')}`).join(''),
      );
      const archive = await open(
        Buffer.concat([
          ...spelled.map((name, at) => entryOf({ name, content: `${at}` })),
          Buffer.alloc(1024),
        ]),
      );
      for (const [at, name] of all.entries()) {
        expect(await contentOf(archive, decodeText(Uint8Array.from(name)))).toBe(`${at}`);
      }
      const tar = new MemorySource(Buffer.concat(spelled.map((name) => entryOf({ name }))), 'tar');
      const { entries } = await indexTar(tar);
      const index = {
        tar: { size: tar.size, sha256: '0f'.repeat(32) },
        entries,
        marked: false,
        capture: null,
      };
      expect(decodeSealedIndex(encodeSealedIndex(index), 'tar', 0, tar.size)).toEqual(index);
    }),
    { numRuns: 50 },
  );
});

describe('a sealed index', () => {
  const sealedBefore = readFileSync(
    new URL('../fixtures/sealed/names-before-bytes.tar.zst', import.meta.url),
  );

  test('of the first releases, which lost bytes of names, is not believed: the headers are read', async () => {
    const archive = await open(sealedBefore);
    expect(archive.storage.sealed).toBeDefined();
    expect((await archive.entries()).map(({ name }) => name)).toEqual([
      'a\udcfe',
      'a\udcff',
      'h',
      's',
      'a\ufffd',
    ]);
    expect(await contentOf(archive, 'h')).toBe('content of a ff\n');
    expect(await contentOf(archive, 'a\ufffd')).toBe('content of a replacement character\n');
  });

  test('of the first releases still verifies', async () => {
    const checked = await checkContent(new MemorySource(sealedBefore, 'before'));
    expect(checked?.tar.entries).toBe(5);
  });

  test('with a name that no bytes have is refused', async () => {
    const tar = new MemorySource(byteNamesTar(), 'tar');
    const { entries, marked } = await indexTar(tar);
    for (const name of ['\ud800', 'x\udcc3\udca9', '\udc41']) {
      const [first, ...rest] = entries;
      if (first === undefined) throw new Error('no entry');
      const index = { tar: { size: tar.size, sha256: '0f'.repeat(32) }, marked, capture: null };
      const frame = encodeSealedIndex({ ...index, entries: [{ ...first, name }, ...rest] });
      expect(() => decodeSealedIndex(frame, 'tar', 0, tar.size), name).toThrow(FormatError);
    }
  });
});

function withContent(name: string, content: Buffer): Buffer {
  const entry = entryOf({ name, content: 'x'.repeat(content.length) });
  content.copy(entry, 512);
  return entry;
}
