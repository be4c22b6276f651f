import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openArchiveSource } from '../../src/archive/open-source.js';
import type { PackEntry } from '../../src/archive/pack-entry.js';
import { packTar } from '../../src/archive/tar-pack.js';
import { UnsafeError } from '../../src/base/errors.js';
import { decodeText, encodeText } from '../../src/base/text.js';
import { MemorySource } from '../../src/bytes/memory.js';

const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const root = process.getuid?.() === 0;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

type Facts = Omit<PackEntry, 'content'> & { readonly contents: Buffer };

function facts(name: string, contents: Buffer | string = 'content', more: Partial<Facts> = {}): Facts {
  const bytes = Buffer.from(contents);
  return {
    ...{ name, contents: bytes, size: bytes.length, mode: 0o640, uid: 1000, gid: 1000, mtime: 1_700_000_000 },
    ...more,
  };
}

/** Its runs are what is not zero of it, in blocks of 4 KiB. */
function sparse(name: string, contents: Buffer): Facts {
  const runs: { offset: number; length: number }[] = [];
  for (let at = 0; at < contents.length; at += 4096) {
    const length = Math.min(4096, contents.length - at);
    if (contents.subarray(at, at + length).some((byte) => byte !== 0)) runs.push({ offset: at, length });
  }
  return facts(name, contents, { sparse: runs });
}

async function packed(entries: readonly Facts[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const given = entries.map(({ contents, ...entry }) => ({
    ...entry,
    content: function* (): Generator<Uint8Array> {
      for (const { offset, length } of entry.sparse ?? [{ offset: 0, length: contents.length }]) {
        for (let at = 0; at < length; at += 1000) {
          yield contents.subarray(offset + at, offset + Math.min(at + 1000, length));
        }
      }
    },
  }));
  for await (const piece of packTar(given)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const latin1 = (text: string): string => decodeText(Buffer.from(text, 'latin1'));
const holes = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.alloc(part) : Buffer.alloc(4096, part))),
  );

/** One of each kind of thing that a ustar header has no room for, or that readers take in different ways. */
const RICH: readonly Facts[] = [
  facts('plain'),
  facts('empty', ''),
  facts('block', Buffer.alloc(512, 'b')),
  facts('dir/with space', 'x'),
  facts(latin1('latin1/caf\xe9'), 'bytes'),
  facts(latin1('half \xe2\x82'), 'cut in a character'),
  facts('utf8/käse €', 'text'),
  facts(`long/${'n'.repeat(120)}/${'m'.repeat(120)}`, 'long'),
  facts(`${latin1('\xff')}${'l'.repeat(200)}`, 'long and bytes'),
  facts('no-mode', 'secret', { mode: 0 }),
  facts('setuid', 'x', { mode: 0o4755, uid: 0, gid: 0 }),
  facts('userns', 'x', { uid: 2_147_483_649, gid: 300_000 }),
  facts('fraction', 'x', { mtime: 1_700_000_000.25 }),
  facts('before', 'x', { mtime: -86_400 }),
  facts('later', 'x', { mtime: 5_000_000_000 }),
  sparse('holes/middle', holes('a', 65_536, 'b')),
  sparse('holes/ends', holes(65_536, 'c', 65_536)),
  sparse('holes/all', holes(1_000_000)),
  sparse(latin1('holes/\xfe'), holes('d', 8192)),
];

test('is read back by the walker as it was given', async () => {
  const archive = await openArchiveSource(new MemorySource(await packed(RICH), 'packed'), 'packed');
  expect(archive.storage.endMarked).toBe(true);
  const entries = await archive.entries();
  expect(
    entries.map(({ name, size, mode, uid, gid, mtime }) => ({ name, size, mode, uid, gid, mtime })),
  ).toEqual(RICH.map(({ name, size, mode, uid, gid, mtime }) => ({ name, size, mode, uid, gid, mtime })));
  for (const [at, entry] of entries.entries()) {
    expect(entry.type).toBe('file');
    const contents = await archive.open(entry).read(0, entry.size);
    expect(Buffer.compare(contents, RICH[at]?.contents ?? Buffer.alloc(0))).toBe(0);
  }
});

test('the same entries give the same tar', async () => {
  expect((await packed(RICH)).equals(await packed(RICH))).toBe(true);
});

test('any name and any numbers come back', async () => {
  const name = fc
    .array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 3 })
    .map((names) => names.map((bytes) => decodeText(bytes.map((byte) => byte || 1))).join('/'))
    .filter((path) => !/^\.?\/|\/\.?\/|\/$|^\.$/.test(path));
  const id = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0o777777, 0o1000000));
  const entry = fc.record({
    name,
    uid: id,
    gid: id,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    size: fc.nat(2000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), async (given) => {
      const files = given.map(({ size, ...more }) => facts(more.name, Buffer.alloc(size, 'x'), more));
      const tar = await packed(files);
      expect(tar.length % 512).toBe(0);
      const archive = await openArchiveSource(new MemorySource(tar, 'packed'), 'packed');
      expect(
        (await archive.entries()).map(({ name, uid, gid, mode, size }) => ({ name, uid, gid, mode, size })),
      ).toEqual(files.map(({ name, uid, gid, mode, size }) => ({ name, uid, gid, mode, size })));
    }),
    { numRuns: 200 },
  );
});

/** Every file below a directory: its name as bytes in hex, what it holds, and what stat(2) says. */
function filesBelow(
  path: Buffer,
  prefix = Buffer.alloc(0),
): Map<string, { sha256: string; stat: ReturnType<typeof lstatSync> }> {
  const found = new Map<string, { sha256: string; stat: ReturnType<typeof lstatSync> }>();
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    const full = Buffer.concat([path, Buffer.from('/'), name]);
    const relative = Buffer.concat([prefix, name]);
    const stat = lstatSync(full);
    if (stat.isDirectory()) {
      for (const each of filesBelow(full, Buffer.concat([relative, Buffer.from('/')]))) found.set(...each);
    } else found.set(relative.toString('hex'), { sha256: hash(readFileSync(full)), stat });
  }
  return found;
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each([
  {
    ...{ judge: 'tar', locales: ['C', 'C.UTF-8'] },
    words: ['--warning=no-unknown-keyword', '--warning=no-timestamp', '--numeric-owner', '-xpf'],
  },
  // in the locale C it takes no pax name that is not ASCII
  { judge: 'bsdtar', locales: ['C.UTF-8'], words: ['--numeric-owner', '-xpf'] },
])('$judge', ({ judge, words, locales }) => {
  const able = has(judge) && root;
  describe.each(locales)('in the locale %s', (locale) => {
    test.runIf(able)(
      `extracts names as bytes, contents, owners, permissions and times${able ? '' : ' (skipped: needs it, and root)'}`,
      async () => {
        const tar = join(directory, 'rich.tar');
        writeFileSync(tar, await packed(RICH));
        const to = mkdtempSync(join(directory, 'x-'));
        const { status, stderr } = spawnSync(judge, [...words, tar, '-C', to], {
          env: { ...process.env, LC_ALL: locale },
          encoding: 'utf8',
        });
        expect(stderr).toBe('');
        expect(status).toBe(0);
        const files = filesBelow(Buffer.from(to));
        for (const { name, contents, mode, uid, gid, mtime, size } of RICH) {
          const file = files.get(encodeText(name).toString('hex'));
          expect(file?.sha256, name).toBe(hash(contents));
          expect({ ...file?.stat, mode: Number(file?.stat?.mode ?? 0) & 0o7777 }, name).toMatchObject({
            ...{ mode, uid, gid, size, mtimeMs: mtime * 1000 },
          });
        }
        expect(files.size).toBe(RICH.length);
      },
    );
  });
});

test.runIf(has('python3'))("Python's tarfile lists the same", async () => {
  const tar = join(directory, 'python.tar');
  writeFileSync(tar, await packed(RICH));
  const script = `
import tarfile, sys, os, json, hashlib
with tarfile.open(sys.argv[1], errors='surrogateescape') as tar:
    print(json.dumps([[os.fsencode(m.name).hex(), m.size, m.mode, m.uid, m.gid, m.mtime,
        hashlib.sha256(tar.extractfile(m).read()).hexdigest()] for m in tar]))`;
  const { stdout, stderr } = spawnSync('python3', ['-c', script, tar], {
    env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(
    RICH.map(({ name, size, mode, uid, gid, mtime, contents }) => [
      ...[encodeText(name).toString('hex'), size, mode, uid, gid, mtime, hash(contents)],
    ]),
  );
});

describe('what goes wrong', () => {
  test('an error of a content is the error, and ends the tar', async () => {
    const broken = {
      ...facts('x', 'abc'),
      content: async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('a');
        throw new UnsafeError('no more of it');
      },
    };
    const read = async (): Promise<void> => {
      for await (const _ of packTar([broken]));
    };
    await expect(read()).rejects.toThrow('no more of it');
  });

  test.each([2, 4])('a content that is not as long as was said (%i bytes of 3)', async (length) => {
    const entry = { ...facts('x', 'abc'), content: () => [Buffer.alloc(length)] };
    const read = async (): Promise<void> => {
      for await (const _ of packTar([entry]));
    };
    await expect(read()).rejects.toThrow('Size mismatch');
  });

  test('a reader that stops early stops what is read for it', async () => {
    let given = 0;
    let ended = false;
    const endless = {
      ...facts('x', '', { size: 1 << 30 }),
      content: function* (): Generator<Uint8Array> {
        try {
          for (; given < 1 << 30; given += 1 << 20) yield Buffer.alloc(1 << 20);
        } finally {
          ended = true;
        }
      },
    };
    for await (const _ of packTar([endless])) if (given >= 3 << 20) break;
    expect(ended).toBe(true);
    expect(given).toBeLessThan(8 << 20);
  });

  test('a name that no header can hold is refused', async () => {
    await expect(packed([facts('n'.repeat(1 << 20))])).rejects.toThrow(UnsafeError);
  });
});
