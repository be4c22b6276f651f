import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArchiveEntry } from '../../src/archive/archive.js';
import { ENTRY_TYPES } from '../../src/archive/entry.js';
import { UnsafeError } from '../../src/base/errors.js';
import { decodeText } from '../../src/base/text.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { isOfTheEntry } from '../../src/cli/extract-fault.js';
import { Extraction } from '../../src/cli/extraction.js';
import { systemError } from '../support/system-error.js';

const part = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '.',
    '..',
    '',
    'a\0b',
    'n'.repeat(255),
    'n'.repeat(256),
    '\u202e',
    decodeText(Buffer.of(0xff)),
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const path = fc.oneof(
  fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/')),
  fc.constantFrom('/', '.', 'd/'.repeat(150), 'x'.repeat(5000), '/etc/passwd', '../x'),
);
/** What an archive's headers or index can say: a time that is no finite number is refused there. */
const hostile = fc.record({
  name: path,
  type: fc.constantFrom(...ENTRY_TYPES),
  linkName: path,
  mtime: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -1, 1e15, -1e15, 2 ** 53),
  ),
  content: fc.uint8Array({ maxLength: 8 }),
  size: fc.constantFrom(undefined, 2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER),
});
type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

function entryOf({ name, type, linkName, mtime, content, size }: Hostile): ArchiveEntry {
  return {
    ...{ name, type, linkName, mtime, mode: 0o777, uid: 0, gid: 0, uname: '', gname: '' },
    ...{ size: size ?? content.length, offset: 0, dataOffset: 512, storedSize: content.length },
    ...(size === undefined ? {} : { sparse: [{ offset: 0, length: content.length }] }),
  };
}

test('whatever the entries are: all that can be is extracted, below the directory, and nothing ends the run', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coldcase-hostile-'));
  try {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 12 }), fc.boolean(), async (entries, force) => {
        run += 1;
        const directory = join(root, String(run), 'out');
        mkdirSync(dirname(directory));
        const extraction = new Extraction({ directory, strip: 0, quiet: true, ...(force ? { force } : {}) });
        const good = {
          ...entryOf({
            name: 'good',
            type: 'file',
            linkName: '',
            mtime: 0,
            content: Buffer.from('x'),
            size: undefined,
          }),
        };
        try {
          for (const each of entries) {
            const entry = entryOf(each);
            await extraction.take(entry, entry.name, () => new MemorySource(each.content, 'content'));
          }
          await extraction.take(good, 'good', () => new MemorySource(Buffer.from('x'), 'content'));
          await extraction.setDirectoryTimes();
        } finally {
          await extraction.close();
        }
        const error = extraction.leftOut();
        if (error !== undefined) expect(error).toBeInstanceOf(UnsafeError);
        expect(readdirSync(dirname(directory))).toEqual(['out']);
        expect(lstatSync(join(directory, 'good')).isFile()).toBe(true);
        inspect(directory, directory);
      }),
      { numRuns: 50 },
    );
  } finally {
    // node cannot go as deep
    execFileSync('rm', ['-rf', root]);
    rmSync(root, { recursive: true, force: true });
  }
}, 120_000);

/** Nothing unfinished, nothing but files, directories and links that stay within; as deep as paths can say. */
function inspect(top: string, directory: string): void {
  for (const bytes of readdirSync(directory, { encoding: 'buffer' })) {
    const at = Buffer.concat([Buffer.from(`${directory}/`), bytes]);
    const stat = lstatSync(at);
    expect(bytes.toString('latin1')).not.toMatch(/\.partial$/);
    expect(stat.isFile() || stat.isDirectory() || stat.isSymbolicLink()).toBe(true);
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(at, 'latin1');
      expect(`${resolve(directory, target)}/`.startsWith(`${top}/`)).toBe(true);
    }
    const text = bytes.toString('utf8');
    if (stat.isDirectory() && directory.length < 3000 && Buffer.from(text).equals(bytes))
      inspect(top, join(directory, text));
  }
}

test.each([
  ['ENAMETOOLONG', true],
  ['EFBIG', true],
  ['EACCES', true],
  ['ENOSPC', false],
  ['EDQUOT', false],
  ['EIO', false],
  ['EROFS', false],
  ['EMFILE', false],
  ['ENOENT', false],
])('%s: of the entry alone: %s', (code, alone) => {
  const cause = systemError(code, 'open');
  expect(isOfTheEntry(cause)).toBe(alone);
  expect(isOfTheEntry(new Error('wrapped', { cause }))).toBe(alone);
  expect(isOfTheEntry(new TypeError('a defect'))).toBe(false);
});
