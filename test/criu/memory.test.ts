import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Archive, ArchiveEntry } from '../../src/archive/archive.js';
import { openArchive } from '../../src/archive/open.js';
import { FormatError, NotFoundError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import type { ByteSource } from '../../src/bytes/source.js';
import { NotInArchiveError } from '../../src/criu/address-space.js';
import { MemoryImages, type ProcessMemory } from '../../src/criu/memory.js';
import { samplePath } from '../support/samples.js';

let archive: Archive;
beforeAll(async () => {
  archive = await openArchive(samplePath('podman-incident'));
});
afterAll(() => archive.close());

async function text(memory: ProcessMemory, start: bigint, end: bigint): Promise<string> {
  return Buffer.from(await memory.space.read(start, Number(end - start))).toString('latin1');
}

describe('the memory of a process', () => {
  test('command line and environment', async () => {
    const memory = await new MemoryImages(archive).process(3);
    expect(await text(memory, memory.mm.mm_arg_start, memory.mm.mm_arg_end)).toBe('/bin/sh\0-i\0');
    const environment = await text(memory, memory.mm.mm_env_start, memory.mm.mm_env_end);
    expect(environment).toContain('LD_PRELOAD=/tmp/.x/libhide.so\0');
  });

  test('shared anonymous memory comes from its own pagemap', async () => {
    const memory = await new MemoryImages(archive).process(1);
    const shared = memory.space.vmas.find(({ status }) => status & (1 << 14));
    expect(shared).toBeDefined();
    const start = shared?.start ?? 0n;
    expect(await text(memory, start, start + 34n)).toBe('shared anon mapping: SHM-SECRET-99');
    // its other pages were never written
    expect(await text(memory, start + 0x8000n, start + 0x8004n)).toBe('\0\0\0\0');
  });

  test('an unchanged page of a mapped file is named, not shown as zeros', async () => {
    const { space } = await new MemoryImages(archive).process(1);
    const read = space.read(0x430000n, 16);
    await expect(read).rejects.toThrow(NotInArchiveError);
    await expect(read).rejects.toThrow(
      'memory at 0x430000 is offset 0x30000 of the file /usr/bin/python3.13',
    );
  });

  test('untouched anonymous memory is zeros, gaps are not mapped', async () => {
    const { space } = await new MemoryImages(archive).process(1);
    expect(await space.read(0x7f0354010000n, 4)).toEqual(new Uint8Array(4));
    await expect(space.read(0x1000n, 4)).rejects.toThrow('memory at 0x1000 is not mapped');
    await expect(space.read(0xffffffffff600000n, 4)).rejects.toThrow("the kernel's own");
  });

  test('a read runs across pages and runs', async () => {
    const { space } = await new MemoryImages(archive).process(4);
    const whole = await space.read(0x3a0ae000n, 0x6000);
    const parts = await Promise.all(
      [0, 0x2ff1, 0x4000].map((at) => space.read(0x3a0ae000n + BigInt(at), 0x1000)),
    );
    for (const [i, at] of [0, 0x2ff1, 0x4000].entries()) {
      expect(parts[i]).toEqual(whole.slice(at, at + 0x1000));
    }
  });

  test.each([
    [6, 'process 6 has no memory in the archive: it is a zombie'],
    [2, '2 is a thread of process 1'],
    [77, 'there is no process 77 in the archive'],
  ])('PID %i has none: %s', async (pid, message) => {
    const opened = new MemoryImages(archive).process(pid);
    await expect(opened).rejects.toThrow(NotFoundError);
    await expect(opened).rejects.toThrow(message);
  });
});

describe('hostile images', () => {
  /** The sample with some entries replaced, removed (null) or added. */
  function altered(changes: Readonly<Record<string, Uint8Array | { link: string } | null>>): Archive {
    const made = new Map<string, ArchiveEntry>();
    const sources = new Map<ArchiveEntry, ByteSource>();
    const blank = { mode: 0, uid: 0, gid: 0, uname: '', gname: '', mtime: 0, offset: 0, dataOffset: 0 };
    for (const [name, change] of Object.entries(changes)) {
      if (change === null) continue;
      const size = 'link' in change ? 0 : change.length;
      const entry: ArchiveEntry = {
        ...{ ...blank, name, size, storedSize: size },
        ...('link' in change ? { type: 'symlink', linkName: change.link } : { type: 'file' }),
      };
      made.set(name, entry);
      if (!('link' in change)) sources.set(entry, new MemorySource(change, name));
    }
    return {
      ...archive,
      find: async (name) => (name in changes ? made.get(name) : archive.find(name)),
      open: (entry) => sources.get(entry) ?? archive.open(entry),
    };
  }

  async function bytes(name: string): Promise<Buffer> {
    const entry = await archive.find(name);
    if (entry === undefined) throw new Error(`no ${name}`);
    return Buffer.from(await archive.open(entry).read(0, entry.size));
  }

  test('a pages image that is too short', async () => {
    const pages = await bytes('checkpoint/pages-5.img');
    const images = new MemoryImages(altered({ 'checkpoint/pages-5.img': pages.subarray(0, 4096) }));
    await expect(images.process(4)).rejects.toThrow(
      /pagemap-4\.img at offset \d+: the run at 0x.* bytes are left/,
    );
  });

  test('a pages image that is missing', async () => {
    const images = new MemoryImages(altered({ 'checkpoint/pages-5.img': null }));
    const { space } = await images.process(4);
    await expect(space.read(0x3a0ae000n, 1)).rejects.toThrow(
      'is in a pages image that the archive does not hold',
    );
  });

  test('a parent that is its own', async () => {
    for (const link of ['.', '../checkpoint']) {
      const images = new MemoryImages(altered({ 'checkpoint/parent': { link } }));
      await expect(images.process(4)).rejects.toThrow('or is its own');
    }
  });

  test('a parent that is not in the archive, or outside of it: read what is here', async () => {
    for (const link of ['../pre-checkpoint', '../../..', '/etc']) {
      const images = new MemoryImages(altered({ 'checkpoint/parent': { link } }));
      expect((await images.process(4)).space.vmas.length).toBeGreaterThan(5);
    }
  });

  test('any byte of a pagemap changed: memory, or an error of ours', async () => {
    const original = await bytes('checkpoint/pagemap-4.img');
    for (let at = 0; at < original.length; at += 1) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Buffer.from(original);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const images = new MemoryImages(altered({ 'checkpoint/pagemap-4.img': changed }));
        try {
          const { space } = await images.process(4);
          for (const { start, end, backing } of space.segments()) {
            expect(end > start).toBe(true);
            if (backing.kind === 'pages') await space.read(start, 16);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });
});
