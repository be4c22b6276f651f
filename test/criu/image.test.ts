import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { critJson } from '../../src/criu/crit-json.js';
import { collectEntries, openImage } from '../../src/criu/image.js';
import { DecodeBudget, decodeMessage } from '../../src/criu/message.js';
import { cgroupDirEntry } from '../../src/criu/schema/cgroup.js';
import { buildImage, encode, word } from '../support/criu-image.js';
import { parseExact } from '../support/json.js';

async function json(image: Uint8Array, pretty = false): Promise<unknown> {
  let text = '';
  for await (const piece of critJson(await openImage(new MemorySource(image, 'test.img')), { pretty }))
    text += piece;
  return parseExact(text);
}

describe('images', () => {
  it('reads the pagemap of CRIU 3.x, which has the 32-bit page count only', async () => {
    const image = buildImage(
      'PAGEMAP',
      { message: encode({ 1: 7 }) },
      { message: encode({ 1: 0x400000, 2: 3 }) },
      { message: encode({ 1: 0xffff_ffff_ff60_0000n, 2: 1, 3: 1, 4: 5, 5: 0x1_0000_0001n }) },
    );
    const opened = await openImage(new MemorySource(image, 'test.img'), 'PAGEMAP');
    expect((await opened.head()).value.pages_id).toBe(7);
    const [old, current] = await collectEntries(opened);
    expect(old).toEqual({ vaddr: 0x400000n, compat_nr_pages: 3 });
    expect(current?.nr_pages).toBe(0x1_0000_0001n);
    expect(await json(image, true)).toEqual({
      magic: 'PAGEMAP',
      entries: [
        { pages_id: 7 },
        { vaddr: '0x400000', compat_nr_pages: 3 },
        {
          vaddr: '0xffffffffff600000',
          compat_nr_pages: 1,
          in_parent: true,
          flags: 'PE_PARENT | PE_PRESENT',
          nr_pages: 4294967297,
        },
      ],
    });
  });

  it('reads images that begin with their own magic, as before CRIU 1.7 and in inventory.img', async () => {
    const image = buildImage('FS', { message: encode({ 1: 3, 2: 4 }) }).subarray(4);
    expect(await collectEntries(await openImage(new MemorySource(image, 'test.img'), 'FS'))).toEqual([
      { cwd_id: 3, root_id: 4 },
    ]);
  });

  it('keeps and shows fields that it does not know, and values without a name', async () => {
    const image = buildImage('FDINFO', {
      message: encode({ 1: 1, 2: 0, 3: 99, 4: 5, 60: 2n ** 63n, 61: 'x' }),
    });
    expect(await json(image)).toEqual({
      magic: 'FDINFO',
      entries: [
        {
          id: 1,
          flags: 0,
          type: 99,
          fd: 5,
          _unknown: [
            { field: 60, wire: 'varint', value: '#9223372036854775808' },
            { field: 61, wire: 'bytes', value: 'eA==\n' },
          ],
        },
      ],
    });
  });

  it.each([
    ['a size beyond the end', buildImage('FS', { payload: word(9) }), 'should take 9 bytes', 12],
    ['half a size', buildImage('FS', { payload: Buffer.of(1, 0) }), 'the size of an entry', 8],
    ['a missing field', buildImage('FS', { message: encode({ 1: 3 }) }), 'without its root_id', 14],
    ['a field cut short', buildImage('FS', { message: Buffer.of(8) }), 'premature EOF', 13],
    [
      'bytes that a pipe should have',
      buildImage('PIPES_DATA', { message: encode({ 1: 1, 2: 9 }) }),
      'pipe',
      16,
    ],
  ])('refuses %s', async (_, image, problem, offset) => {
    const failure = await json(image).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FormatError);
    expect(failure).toMatchObject({ where: 'test.img', offset });
    expect(String(failure)).toContain(problem);
  });

  it('refuses another kind than the expected one, and what is no image', async () => {
    const image = buildImage('FS', { message: encode({ 1: 3, 2: 4 }) });
    await expect(openImage(new MemorySource(image, 'test.img'), 'MM')).rejects.toThrow(
      'an image of kind FS, where MM belongs',
    );
    await expect(openImage(new MemorySource(Buffer.from('PNG!'), 'test.img'))).rejects.toThrow(
      'not an image of CRIU',
    );
    await expect(openImage(new MemorySource(Buffer.alloc(0), 'test.img'))).rejects.toThrow(FormatError);
  });

  it('bounds depth and memory', () => {
    let deep = encode({ 1: 'leaf' });
    for (let i = 0; i < 200; i += 1) deep = encode({ 1: 'd', 2: deep });
    expect(() => decodeMessage(cgroupDirEntry, deep, 'x')).toThrow('nest deeper');
    const wide = encode({ 1: 'd', 2: Array.from({ length: 1000 }, () => encode({ 1: '' })) });
    expect(() => decodeMessage(cgroupDirEntry, wide, 'x', 0, new DecodeBudget(1000))).toThrow(FormatError);
  });
});
