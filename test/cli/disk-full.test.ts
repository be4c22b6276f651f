import { readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { ExitCode } from '../../src/base/errors.js';
import { rawHeader } from '../support/raw-tar.js';
import { samplePath } from '../support/samples.js';
import { MOUNTABLE, runLimited, withDirectory } from '../support/small-disk.js';

const SAMPLE = samplePath('podman-incident');
const SEALED = samplePath('podman-incident', '.tar.zst.age');
const KEY = ['-i', SEALED.replace(/[^/]*$/, 'demo-key.txt')];
const TAR = decompress(readFileSync(SAMPLE));
const RECIPIENT = /age1[a-z0-9]+/.exec(readFileSync(KEY[1] ?? '', 'utf8'))?.[0] ?? '';
const BIG = 'checkpoint/pages-2.img';

/** Every command that writes a file, with something too large for 1,000 KiB; `NEW` is the file, or a directory. */
const WRITERS: readonly { name: string; words: readonly string[]; input?: Uint8Array }[] = [
  { name: 'extract', words: ['extract', SAMPLE, BIG, '-C', 'NEW'] },
  { name: 'extract, from a pipe', words: ['extract', '-', BIG, '-C', 'NEW'], input: TAR },
  { name: 'extract --tar', words: ['extract', SAMPLE, BIG, '--tar', 'NEW'] },
  { name: 'recover -C', words: ['recover', SAMPLE, '-C', 'NEW'] },
  { name: 'recover --tar', words: ['recover', SAMPLE, '--tar', 'NEW'] },
  { name: 'core', words: ['core', SAMPLE, '--pid', '1', '-o', 'NEW'] },
  { name: 'memory dump', words: ['memory', 'dump', SAMPLE, '--pid', '1', '-o', 'NEW'] },
  { name: 'unseal', words: ['unseal', SEALED, ...KEY, '-o', 'NEW'] },
  { name: 'seal', words: ['seal', SAMPLE, '-r', RECIPIENT, '-o', 'NEW'] },
  { name: 'seal, from a pipe', words: ['seal', '-', '-r', RECIPIENT, '-o', 'NEW'], input: TAR },
];

const within = (words: readonly string[], path: string): string[] =>
  words.map((word) => (word === 'NEW' ? path : word));

/** All files below a directory. */
function filesIn(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('a write is finished when every byte is written', () => {
  test.runIf(MOUNTABLE).each(WRITERS)(
    '$name on a disk of 1,000 KiB or less ends with 1, and leaves nothing that is not complete (needs root and mount)',
    async ({ words, input }) => {
      await withDirectory(words[0] === 'recover' ? 400 : 1000, (disk) => {
        const { status, stderr } = runLimited('', within(words, `${disk}/new`), input);
        expect(stderr).toMatch(
          /coldcase: cannot write \S.*: no space left on its file system, after .* [KM]iB/,
        );
        expect(stderr).toContain('  free space there');
        expect(stderr).not.toContain('defect');
        expect(status).toBe(ExitCode.failed);
        expect(filesIn(disk)).toEqual(words[0] === 'recover' && words[2] === '-C' ? ['ghost.log'] : []);
      });
    },
  );

  /** Commands whose last write alone is cut short when the disk is a little smaller than what they write. */
  const LAST: readonly (readonly [what: string, words: (tar: string) => readonly string[]])[] = [
    ['extract', (tar) => ['extract', tar, '-C', 'NEW']],
    ['recover -C', () => ['recover', SAMPLE, '-C', 'NEW']],
    ['core', () => ['core', SAMPLE, '--pid', '3', '-o', 'NEW']],
    ['memory dump', () => ['memory', 'dump', SAMPLE, '--pid', '3', '-o', 'NEW']],
  ];
  test.runIf(MOUNTABLE).each(LAST)(
    '%s: a last write that is cut short is no success, though the system calls it none (needs root and mount)',
    async (_what, words) => {
      await withDirectory(undefined, async (path) => {
        const tar = `${path}/x.tar`;
        const size = 1_044_480;
        writeFileSync(
          tar,
          Buffer.concat([rawHeader({ name: 'f', size }), Buffer.alloc(size, 1), Buffer.alloc(1024)]),
        );
        let needed = 0;
        await withDirectory(10_000, (disk) => {
          expect(runLimited('', within(words(tar), `${disk}/new`)).status).toBe(ExitCode.done);
          const { blocks, bfree, bsize } = statfsSync(disk);
          needed = ((blocks - bfree) * bsize) / 1024;
        });
        for (const less of [4, 8, 20]) {
          await withDirectory(needed - less, (disk) => {
            const { status, stderr } = runLimited('', within(words(tar), `${disk}/new`));
            expect(stderr).toMatch(
              /coldcase: cannot write \S.*: no space left on its file system, after \d.*B/,
            );
            expect(status).toBe(ExitCode.failed);
          });
        }
      });
    },
  );

  test.each(WRITERS.filter(({ name }) => !/^extract(,|$)|recover -C/.test(name)))(
    '$name beyond the size that a file may have ends with 1, and leaves nothing',
    async ({ words, input }) => {
      await withDirectory(undefined, (path) => {
        const { status, stderr } = runLimited('ulimit -f 600;', within(words, `${path}/new`), input);
        expect(stderr).toMatch(
          /coldcase: cannot write \S.*: larger than a file can be there, after .*[KM]iB/,
        );
        expect(stderr).toContain('(ulimit -f)');
        expect(status).toBe(ExitCode.failed);
        expect(filesIn(path)).toEqual([]);
      });
    },
  );

  test('what does not reach the disk whole: a key of which nothing fits', async () => {
    await withDirectory(undefined, (path) => {
      const { status, stderr } = runLimited('ulimit -f 0;', ['keygen', '-o', `${path}/key.txt`]);
      expect(stderr).toContain('larger than a file can be there, after 0 B of ');
      expect([status, filesIn(path)]).toEqual([ExitCode.failed, []]);
    });
  });
});
