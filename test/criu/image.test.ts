import { describe, expect, expectTypeOf, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { critJson } from '../../src/criu/crit-json.js';
import { collectEntries, openImage } from '../../src/criu/image.js';
import type { EntryOf, HeadOf } from '../../src/criu/kinds.js';
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

  it('reads what moved since CRIU 3.x where it was', async () => {
    const timer = encode({ 1: 0, 2: 0, 3: 0, 4: 0 });
    const task = encode({
      ...{ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 'sh', 7: encode({ 1: timer, 2: timer, 3: timer }) },
      ...{ 9: 4, 11: 2, 12: 1 }, // control groups and seccomp were the task's, now they are the thread's
    });
    const [core] = await collectEntries(
      await openImage(
        new MemorySource(buildImage('CORE', { message: encode({ 1: 1, 3: task }) }), 'x'),
        'CORE',
      ),
    );
    expect(core?.tc).toMatchObject({ cg_set: 4, old_seccomp_mode: 'filter', old_seccomp_filter: 1 });
    expect(core?.thread_core).toBeUndefined();
    const stats = encode({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60, 7: 70 }); // no pages_lazy before 3.5
    expect(await json(buildImage('STATS', { message: encode({ 1: stats }) }))).toMatchObject({
      entries: [{ dump: { frozen_time: 20, pages_written: 70 } }],
    });
  });

  it('reads the images that became parts of others', async () => {
    const owner = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 });
    const file = encode({ 1: 7, 2: 0o2000002, 3: 99, 5: owner, 6: '/etc/passwd', 7: 21 });
    expect(await json(buildImage('REG_FILES', { message: file }), true)).toEqual({
      magic: 'REG_FILES',
      entries: [
        {
          ...{ id: 7, flags: 'O_RDWR | O_CLOEXEC', pos: 99, name: '/etc/passwd', mnt_id: -11 },
          fown: { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 },
        },
      ],
    });
    const mapping = encode({ 1: 0x1000, 2: 0x3000, 3: 0, 4: 0, 5: 5, 6: 0x22, 7: 0x201, 8: 1 });
    expect(await json(buildImage('VMAS', { message: mapping }), true)).toEqual({
      magic: 'VMAS',
      entries: [
        {
          ...{ start: '0x1000', end: '0x3000', pgoff: 0, shmid: 0, prot: 'PROT_READ | PROT_EXEC' },
          ...{ flags: 'MAP_PRIVATE | MAP_ANON', status: 'VMA_AREA_REGULAR | VMA_ANON_PRIVATE', fd: -1 },
        },
      ],
    });
  });

  it('reads the kinds that crit has no reader for', async () => {
    const owner = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 });
    const pidfd = buildImage('PIDFD', { message: encode({ 1: 1, 2: 900, 3: 2, 4: 7, 5: owner }) });
    expect(await json(pidfd)).toMatchObject({
      magic: 'PIDFD',
      entries: [{ id: 1, ino: 900, flags: 2, nspid: 7 }],
    });
    const binfmt = buildImage('BINFMT_MISC', {
      message: encode({ 1: 'jar', 2: 1, 3: '/usr/bin/jexec', 8: 4 }),
    });
    expect(await json(binfmt)).toEqual({
      magic: 'BINFMT_MISC',
      entries: [{ name: 'jar', enabled: true, interpreter: '/usr/bin/jexec', offset: 4 }],
    });
    const signal = buildImage('SIGNAL', { message: encode({ 1: Buffer.from('siginfo') }) });
    expect(await json(signal)).toEqual({ magic: 'SIGNAL', entries: [{ siginfo: 'c2lnaW5mbw==\n' }] });
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
    const crumbs = encode({ 1: 'd', 99: Array.from({ length: 100 }, () => Buffer.from([1])) });
    // each is an object and a buffer of more than 100 bytes, of three bytes in the image
    expect(() => decodeMessage(cgroupDirEntry, crumbs, 'x', 0, new DecodeBudget(1300))).toThrow(FormatError);
    expect(() => decodeMessage(cgroupDirEntry, crumbs, 'x', 0, new DecodeBudget(1500))).not.toThrow();
  });
});

it('infers the types of entries from the schema', () => {
  expectTypeOf<EntryOf<'PAGEMAP'>>().toExtend<{ readonly vaddr: bigint; readonly nr_pages?: bigint }>();
  expectTypeOf<HeadOf<'PAGEMAP'>>().toExtend<{ readonly pages_id: number }>();
  expectTypeOf<EntryOf<'MM'>['vmas'][number]['start']>().toEqualTypeOf<bigint>();
  expectTypeOf<NonNullable<EntryOf<'CORE'>['thread_core']>['seccomp_mode']>().toEqualTypeOf<
    'disabled' | 'strict' | 'filter' | number | undefined
  >();
  expectTypeOf<HeadOf<'MM'>>().toBeNever();
});
