import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coldcase } from '../support/coldcase.js';
import { samplePath } from '../support/samples.js';
import { hasStock, stockTitle } from '../support/stock-tools.js';

const SAMPLE = samplePath('podman-incident');

let directory: string;
let miner: Buffer;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-miner-'));
  expect((await coldcase(['recover', SAMPLE, '-C', directory])).code).toBe(0);
  miner = readFileSync(join(directory, 'deleted/tmp/.x/xmrig'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Mappings of the miner that nothing has been written to: address, length and offset in the file. */
const UNCHANGED = [
  [0x400000, 0x1000, 0],
  [0x401000, 0x77000, 0x1000],
  [0x478000, 0x27000, 0x78000],
] as const;

describe('the pages of a deleted executable that CRIU left to the file', () => {
  test('memory dump has them, byte for byte, and says where they come from', async () => {
    for (const [address, length, offset] of UNCHANGED) {
      const path = join(directory, `${address}.bin`);
      const range = `${address.toString(16)}-${(address + length).toString(16)}`;
      const words = ['memory', 'dump', SAMPLE, '-p', '4', '--range', range];
      expect((await coldcase([...words, '--raw', '-o', path])).code).toBe(0);
      expect(readFileSync(path).equals(miner.subarray(offset, offset + length))).toBe(true);
      const { stdout } = await coldcase(words);
      expect(stdout).toContain(
        '# unchanged since the file was mapped; from its copy in the archive, checkpoint/ghost-file-2.img\n',
      );
    }
  });

  test('memory search and memory strings find what is in them, and where it is stored', async () => {
    const words = ['--hex', '7f 45 4c 46 02 01 01 00', '-p', '4', '--json'];
    const { stdout } = await coldcase(['memory', 'search', SAMPLE, ...words]);
    const found: unknown[] = JSON.parse(stdout);
    expect(found).toContainEqual(
      expect.objectContaining({ address: '0x400000', image: 'checkpoint/ghost-file-2.img' }),
    );
    const strings = await coldcase(['memory', 'strings', SAMPLE, '-p', '4', '--min', '20']);
    expect(strings.stdout).toMatch(/^ *4 +0x47804b \.\.\/sysdeps\/x86\/dl-cacheinfo\.h$/m);
  });

  test('memory list counts them apart', async () => {
    const { stdout } = await coldcase(['memory', 'list', SAMPLE, '-p', '4', '--json']);
    const [row]: Record<string, number>[] = JSON.parse(stdout);
    expect(row).toMatchObject({ deletedFiles: 636 * 1024, inFiles: 0, resident: 708 * 1024 });
  });

  test('a core file has them where its headers say', async () => {
    const core = join(directory, 'core.4');
    const made = await coldcase(['core', SAMPLE, '--pid', '4', '-o', core]);
    expect(made).toMatchObject({ code: 0 });
    // vvar and vsyscall, the kernel's own, are all that is left out
    expect(made.stderr).toBe(
      'coldcase: 28 KiB of mapped files and reserved space are named in the core file, not held\n',
    );
    const bytes = readFileSync(core);
    for (const [address, length, offset] of UNCHANGED) {
      const at = positionOf(bytes, address);
      expect(bytes.subarray(at, at + length).equals(miner.subarray(offset, offset + length))).toBe(true);
    }
  });

  test.skipIf(!hasStock('gdb'))(stockTitle('gdb shows them out of the core file alone', 'gdb'), async () => {
    const core = join(directory, 'core.gdb');
    expect((await coldcase(['core', SAMPLE, '--pid', '4', '-o', core])).code).toBe(0);
    for (const [address, , offset] of UNCHANGED) {
      const words = ['-nx', '-batch', '-ex', `x/32bx 0x${address.toString(16)}`, '--core', core];
      const { stdout } = spawnSync('gdb', words, { encoding: 'utf8' });
      const lines = stdout.split('\n').filter((line) => /^0x[0-9a-f]+.*:\t/.test(line));
      const shown = lines.flatMap((line) => line.split('\t').slice(1).map(Number));
      expect(shown).toEqual([...miner.subarray(offset, offset + 32)]);
    }
  });
});

/** Where in a core file the memory at an address is, by the program headers (elf(5)). */
function positionOf(core: Buffer, address: number): number {
  const count = core.readUInt16LE(56);
  for (let i = 0; i < count; i += 1) {
    const header = core.subarray(64 + 56 * i);
    const [offset, vaddr, filesz] = [8, 16, 32].map((field) => Number(header.readBigUInt64LE(field)));
    if (offset === undefined || vaddr === undefined || filesz === undefined) continue;
    if (vaddr <= address && address < vaddr + filesz) return offset + address - vaddr;
  }
  throw new Error(`the core file has nothing at ${address}`);
}
