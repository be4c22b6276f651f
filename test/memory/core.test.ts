import { describe, expect, test } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { FailedError, NotFoundError } from '../../src/base/errors.js';
import { MemoryImages } from '../../src/criu/memory.js';
import { buildCore } from '../../src/memory/core/build.js';
import { layOutCore, Machine } from '../../src/memory/core/layout.js';
import { auxv, encodeNotes, fileMappings, prpsinfo, prstatus } from '../../src/memory/core/notes.js';
import {
  aarch64FloatSet,
  aarch64RegisterSet,
  x86ExtendedState,
  x86FloatSet,
} from '../../src/memory/core/registers.js';
import { makeSpace } from '../support/address-space.js';
import { samplePath } from '../support/samples.js';

interface Program {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: bigint;
  readonly filesz: number;
  readonly memsz: number;
}

/** Program headers as elf(5) describes them, the count from section header 0 if there are too many. */
function programs(head: Buffer): Program[] {
  expect(head.toString('latin1', 0, 4)).toBe('\x7fELF');
  const phoff = Number(head.readBigUInt64LE(32));
  let count = head.readUInt16LE(56);
  if (count === 0xffff) count = head.readUInt32LE(Number(head.readBigUInt64LE(40)) + 44);
  return Array.from({ length: count }, (_, i) => {
    const at = phoff + 56 * i;
    return {
      type: head.readUInt32LE(at),
      flags: head.readUInt32LE(at + 4),
      offset: Number(head.readBigUInt64LE(at + 8)),
      vaddr: head.readBigUInt64LE(at + 16),
      filesz: Number(head.readBigUInt64LE(at + 32)),
      memsz: Number(head.readBigUInt64LE(at + 40)),
    };
  });
}

/** Types and contents of the notes of a core file. */
function notesOf(head: Buffer): { owner: string; type: number; contents: Buffer }[] {
  const [note] = programs(head);
  const found: { owner: string; type: number; contents: Buffer }[] = [];
  const end = (note?.offset ?? 0) + (note?.filesz ?? 0);
  for (let at = note?.offset ?? 0; at < end; ) {
    const [namesz, descsz, type] = [
      head.readUInt32LE(at),
      head.readUInt32LE(at + 4),
      head.readUInt32LE(at + 8),
    ];
    const owner = head.toString('latin1', at + 12, at + 12 + namesz - 1);
    const start = at + 12 + Math.ceil(namesz / 4) * 4;
    found.push({ owner, type, contents: head.subarray(start, start + descsz) });
    at = start + Math.ceil(descsz / 4) * 4;
  }
  return found;
}

describe('a core file of the sample', () => {
  test('notes of every thread, in the order of the kernel', async () => {
    const archive = await openArchive(samplePath('podman-incident'));
    const { head } = await buildCore(new MemoryImages(archive), 1);
    const notes = notesOf(head);
    expect(notes.map(({ type }) => type)).toEqual([1, 3, 6, 0x46494c45, 2, 0x202, 1, 2, 0x202]);
    // rip of both threads, from crit: pr_reg begins at 112, rip is its 17th register
    const rips = notes
      .filter(({ type }) => type === 1)
      .map(({ contents }) => contents.readBigUInt64LE(112 + 16 * 8));
    expect(rips).toEqual([139652420974380n, 139652420974382n]);
    const info = notes.find(({ type }) => type === 3)?.contents;
    expect(info?.toString('latin1', 40, 47)).toBe('python3');
    expect(info?.toString('latin1', 56, 80)).toBe('python3 /opt/app/app.py\0');
    await archive.close();
  });

  test('memory lies where the program headers say, and only what is held', async () => {
    const archive = await openArchive(samplePath('podman-incident'));
    const images = new MemoryImages(archive);
    const { space } = await images.process(4);
    const layout = await buildCore(images, 4);
    const loads = programs(layout.head).filter(({ type }) => type === 1);
    let position = 0;
    for (const { filesz, memsz, vaddr, offset } of loads) {
      expect(filesz === 0 || filesz === memsz).toBe(true);
      if (filesz === 0) continue;
      expect(offset >= position).toBe(true);
      position = offset + filesz;
      for (const { segment, position: at } of layout.parts) {
        if (segment.start < vaddr || segment.start >= vaddr + BigInt(memsz)) continue;
        expect(at - offset).toBe(Number(segment.start - vaddr));
      }
    }
    expect(layout.size).toBe(position);
    // all of the address space, in order
    expect(loads.reduce((sum, { memsz }) => sum + BigInt(memsz), 0n)).toBe(
      space.vmas.reduce((sum, { start, end }) => sum + end - start, 0n),
    );
    // the read-write-execute mapping
    expect(loads.find(({ vaddr }) => vaddr === 0x7ff81cfe0000n)).toMatchObject({ flags: 7, filesz: 8192 });
    await archive.close();
  });

  test('a zombie, a thread and nobody have none', async () => {
    const archive = await openArchive(samplePath('podman-incident'));
    for (const pid of [6, 2, 77]) {
      await expect(buildCore(new MemoryImages(archive), pid)).rejects.toThrow(NotFoundError);
    }
    await archive.close();
  });
});

test('more segments than a 16-bit count holds', () => {
  const space = makeSpace(Array.from({ length: 70_000 }, () => ({ gap: 1, pages: [undefined] })));
  const { head, size } = layOutCore(space, Machine.x86_64, []);
  expect(head.readUInt16LE(56)).toBe(0xffff);
  expect(programs(head)).toHaveLength(70_001);
  expect(size).toBe(head.length + 70_000 * 4096);
});

test('structures have the sizes of the kernel', () => {
  const status = { tid: 7, ppid: 1, pgid: 2, sid: 3, signal: 11, blocked: 0x10n };
  expect(prstatus({ ...status, registers: Buffer.alloc(216) }).contents).toHaveLength(336);
  const arm = prstatus({ ...status, registers: Buffer.alloc(272) }).contents;
  expect(arm).toHaveLength(392);
  expect(Buffer.from(arm).readUInt16LE(12)).toBe(11);
  expect(Buffer.from(arm).readBigUInt64LE(24)).toBe(0x10n);
  expect([32, 36, 40, 44].map((at) => Buffer.from(arm).readUInt32LE(at))).toEqual([7, 1, 2, 3]);
  const info = { pid: 1, ppid: 0, pgid: 1, sid: 1, uid: 5, gid: 6, nice: -5, flags: 0, state: 'T' } as const;
  const { contents } = prpsinfo({ ...info, comm: 'x'.repeat(40), args: Buffer.alloc(200, 65) });
  expect(contents).toHaveLength(136);
  expect([contents[0], contents[1], contents[3], contents[55], contents[135]]).toEqual([3, 0x54, 0xfb, 0, 0]);
});

test('AT_NULL ends the auxiliary vector, and is added where CRIU left it out', () => {
  expect(auxv([6n, 4096n]).contents).toHaveLength(32);
  expect(auxv([6n, 4096n, 0n, 0n]).contents).toHaveLength(32);
});

test('NT_FILE: offsets in pages, names without NULs', () => {
  const note = fileMappings([{ start: 0x1000n, end: 0x3000n, offset: 0x2000n, path: '/a\0b' }], 4096);
  const bytes = Buffer.from(note.contents);
  expect([0, 8, 16, 24, 32].map((at) => bytes.readBigUInt64LE(at))).toEqual([
    1n,
    4096n,
    0x1000n,
    0x3000n,
    2n,
  ]);
  expect(bytes.toString('latin1', 40)).toBe('/ab\0');
});

test('names that are no UTF-8 are in a core file as the kernel has them', () => {
  const mapping = { start: 0x1000n, end: 0x2000n, offset: 0n, path: '/a\udcff' };
  expect(Buffer.from(fileMappings([mapping], 4096).contents).toString('latin1', 40)).toBe('/a\xff\0');
});

test('notes are padded to four bytes', () => {
  const bytes = encodeNotes([{ owner: 'CORE', type: 9, contents: Buffer.from('abc') }]);
  expect(bytes.toString('hex')).toBe(
    `050000000300000009000000${Buffer.from('CORE\0\0\0\0abc\0').toString('hex')}`,
  );
});

describe('registers', () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  const bigs = (count: number): bigint[] => numbers(count).map(BigInt);
  const fpregs = {
    ...{ cwd: 0x37f, swd: 1, twd: 2, fop: 3, rip: 4n, rdp: 5n, mxcsr: 0x1f80, mxcsr_mask: 0xffff },
    ...{ st_space: numbers(32), xmm_space: numbers(64) },
  };
  const xsave = {
    ...{ xstate_bv: 0x2e7n, ymmh_space: numbers(64), bndreg_state: [], bndcsr_state: [] },
    ...{ opmask_reg: bigs(8), zmm_upper: bigs(64), hi16_zmm: bigs(128), pkru: [0x55555554, 0] },
  };

  test('fxsave', () => {
    const bytes = x86FloatSet(fpregs);
    expect(bytes).toHaveLength(512);
    expect([0, 2, 4, 6].map((at) => bytes.readUInt16LE(at))).toEqual([0x37f, 1, 2, 3]);
    expect([24, 28, 32, 160].map((at) => bytes.readUInt32LE(at))).toEqual([0x1f80, 0xffff, 1, 1]);
  });

  test('xsave: sizes and XCR0 by what there is', () => {
    const area = (change: object) => x86ExtendedState({ ...fpregs, xsave: { ...xsave, ...change } });
    const without = { opmask_reg: [], zmm_upper: [], hi16_zmm: [] };
    expect(x86ExtendedState(fpregs)).toBeUndefined();
    const sizes = [area({}), area({ pkru: [] }), area({ pkru: [], ...without })].map((bytes) => [
      bytes?.length,
      bytes?.readBigUInt64LE(464),
    ]);
    expect(sizes).toEqual([
      [2696, 0x2e7n],
      [2688, 0xe7n],
      [832, 7n],
    ]);
    const full = area({});
    expect([576, 1088, 1152, 1664, 2688].map((at) => full?.readUInt32LE(at))).toEqual([
      1, 1, 1, 1, 0x55555554,
    ]);
  });

  test('aarch64', () => {
    const general = aarch64RegisterSet({ regs: bigs(31), sp: 100n, pc: 101n, pstate: 102n });
    expect(general).toHaveLength(272);
    expect([0, 30, 31, 32, 33].map((i) => general.readBigUInt64LE(8 * i))).toEqual([
      1n,
      31n,
      100n,
      101n,
      102n,
    ]);
    const float = aarch64FloatSet({ vregs: bigs(64), fpsr: 7, fpcr: 8 });
    expect(float).toHaveLength(528);
    expect([512, 516].map((at) => float.readUInt32LE(at))).toEqual([7, 8]);
    expect(float.readBigUInt64LE(504)).toBe(64n);
  });

  test('an aarch64 process, with its thread pointer; machines without a layout are refused', async () => {
    const archive = await openArchive(samplePath('crio-looper'));
    const images = new MemoryImages(archive);
    const original = images.core.bind(images);
    const ti_aarch64 = {
      ...{ clear_tid_addr: 0n, tls: 0xabcn, gpregs: { regs: bigs(31), sp: 1n, pc: 2n, pstate: 3n } },
      fpsimd: { vregs: bigs(64), fpsr: 0, fpcr: 0 },
    };
    images.core = async (tid) => {
      const core = await original(tid);
      if (core === undefined) return undefined;
      const { thread_info: _, ...rest } = core;
      return { ...rest, mtype: 'AARCH64', ti_aarch64 };
    };
    const { head } = await buildCore(images, 1);
    expect(head.readUInt16LE(18)).toBe(183);
    expect(
      notesOf(head)
        .find(({ type }) => type === 0x401)
        ?.contents.readBigUInt64LE(0),
    ).toBe(0xabcn);
    images.core = async (tid) => {
      const core = await original(tid);
      return core === undefined ? undefined : { ...core, mtype: 'S390' };
    };
    await expect(buildCore(images, 1)).rejects.toThrow(FailedError);
    await archive.close();
  });
});
