import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Archive, ArchiveEntry } from '../../src/archive/archive.js';
import { openArchive } from '../../src/archive/open.js';
import { type ColdcaseError, FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { hashObject, recoverObjects } from '../../src/recover/recover.js';
import { type Recovered, safeName, safePath } from '../../src/recover/recovered.js';
import { block, rawHeader } from '../support/raw-tar.js';
import { SAMPLES, samplePath } from '../support/samples.js';

let archive: Archive;
beforeAll(async () => {
  archive = await openArchive(samplePath('podman-incident'));
});
afterAll(() => archive.close());

async function recovered(from: Archive, problems: ColdcaseError[] = []): Promise<Recovered[]> {
  const found: Recovered[] = [];
  for await (const object of recoverObjects(new Checkpoint(from), (problem) => problems.push(problem))) {
    found.push(object);
  }
  return found;
}

async function text(object: Recovered | undefined): Promise<string | undefined> {
  return object && Buffer.from(await object.open().read(0, object.size)).toString('latin1');
}

describe('podman-incident', () => {
  let found: Recovered[];
  const named = (name: string) => found.find((object) => object.name === name);
  const kind = (wanted: string) => found.find((object) => object.kind === wanted);
  beforeAll(async () => {
    found = await recovered(archive);
  });

  test('deleted files with their contents, owner and holders', async () => {
    expect(await text(named('/tmp/ghost.log'))).toBe('attacker log: uploaded /etc/shadow at 03:14\n');
    expect(named('/tmp/ghost.log')).toMatchObject({
      kind: 'deleted-file',
      owner: { uid: 0, gid: 0 },
      mode: 0o644,
      holders: [{ pid: 1, comm: 'python3', by: 12 }],
    });
    expect(await text(named('/tmp/.x/loot.txt'))).toMatch(/^exfil: card=4111111111111111 user=alice/);
  });

  test('the executable of the miner, equal to the implant that was planted', async () => {
    const miner = named('/tmp/.x/xmrig');
    expect(miner).toMatchObject({ kind: 'deleted-executable', size: 682_080, mode: 0o755 });
    expect(miner?.holders).toContainEqual({ pid: 4, comm: 'kworker/u8:2', by: 'exe' });
    expect(miner && (await hashObject(miner))).toBe(
      '20af8096505d90b0a7c2fc09cbae1a6dbbe866393b4588858a9142fb1218a7ce',
    );
  });

  test('the memfd payload, and the memory that a process shares', async () => {
    expect((await text(named('payload')))?.slice(0, 4)).toBe('\x7fELF');
    expect(named('payload')).toMatchObject({ kind: 'memfd', size: 20, holders: [{ pid: 4, by: 3 }] });
    expect((await text(kind('shared-memory')))?.slice(0, 34)).toBe('shared anon mapping: SHM-SECRET-99');
  });

  test('unread data of a pipe, a socketpair and a TCP connection', async () => {
    expect(await text(kind('pipe-data'))).toBe('unread pipe secret: PIPE-SECRET-42\n');
    expect(kind('pipe-data')?.holders.map(({ pid, by }) => [pid, by])).toEqual([
      [1, 7],
      [1, 8],
    ]);
    expect(await text(kind('socket-data'))).toBe('unread socketpair data: SKQ-SECRET-77');
    const stream = kind('tcp-received');
    expect(stream?.name).toMatch(/^127\.0\.0\.1:4444 from 127\.0\.0\.1:\d+$/);
    expect(await text(stream)).toMatch(/^ERROR: ld\.so: object '\/tmp\/\.x\/libhide\.so' from LD_PRELOAD/);
  });

  test('what is hashed is what is read', async () => {
    const { createHash } = await import('node:crypto');
    for (const object of found) {
      const bytes = await object.open().read(0, object.size);
      expect(await hashObject(object)).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });
});

test.each(SAMPLES)('%s: every object can be read', async (sample) => {
  const from = await openArchive(samplePath(sample));
  const problems: ColdcaseError[] = [];
  for (const object of await recovered(from, problems)) {
    expect(await hashObject(object)).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(problems).toEqual([]);
  await from.close();
});

describe('names to write to', () => {
  test.each([
    ['../../etc/passwd', 'deleted/__/__/etc/passwd'],
    ['/a//./b', 'deleted/a/b'],
    ['/x\0y\n', 'deleted/x_y_'],
    ['', 'deleted'],
  ])('%j becomes %s', (name, path) => {
    expect(safePath('deleted', name)).toBe(path);
  });

  test('one name stays one name', () => {
    expect(safeName('../../x')).toBe('.._.._x');
    expect(Buffer.byteLength(safeName('é'.repeat(1000)))).toBeLessThanOrEqual(200);
  });
});

describe('hostile images', () => {
  async function withImage(name: string, change: (bytes: Buffer) => void): Promise<Archive> {
    const entry = await archive.find(name);
    if (entry === undefined) throw new Error(`no ${name}`);
    const bytes = Buffer.from(await archive.open(entry).read(0, entry.size));
    change(bytes);
    return {
      ...archive,
      open: (each: ArchiveEntry) => (each.name === name ? new MemorySource(bytes, name) : archive.open(each)),
    };
  }

  test('one that makes no sense is named, and the rest is found', async () => {
    const problems: ColdcaseError[] = [];
    const found = await recovered(
      await withImage('checkpoint/pipes-data.img', (bytes) => bytes.fill(0xff, 8)),
      problems,
    );
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('pipes-data.img')]);
    expect(found.map(({ kind }) => kind)).toContain('socket-data');
    expect(found.map(({ kind }) => kind)).not.toContain('pipe-data');
  });

  test('a damaged ghost file is named, and the other ones are found', async () => {
    const problems: ColdcaseError[] = [];
    const changed = await withImage('checkpoint/ghost-file-1.img', (bytes) => bytes.fill(0xff));
    const found = await recovered(changed, problems);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('ghost-file-1.img')]);
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['/tmp/.x/xmrig', '/tmp/.x/loot.txt']),
    );
  });

  test('a damaged archive of a tmpfs is named, and the other one is found', async () => {
    const held = 'kept in memory only';
    const tar = Buffer.concat([
      rawHeader({ name: './note', size: held.length }),
      block(held),
      Buffer.alloc(1024),
    ]);
    const contents: Record<string, Uint8Array> = {
      'checkpoint/tmpfs-dev-47.tar.gz.img': Buffer.from('no archive'),
      'checkpoint/tmpfs-dev-75.tar.gz.img': gzipSync(tar),
    };
    const changed: Archive = {
      ...archive,
      open: (each) => {
        const bytes = contents[each.name];
        return bytes === undefined ? archive.open(each) : new MemorySource(bytes, each.name);
      },
    };
    const problems: ColdcaseError[] = [];
    const note = (await recovered(changed, problems)).find(({ name }) => name.endsWith('/note'));
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('tmpfs-dev-47')]);
    expect(note).toMatchObject({ kind: 'tmpfs-file', image: 'checkpoint/tmpfs-dev-75.tar.gz.img' });
    expect(await text(note)).toBe(held);
  });

  test.each(['ghost-file-2', 'memfd', 'sk-queues', 'pipes-data', 'remap-fpath'])(
    'any byte of %s changed: objects that can be read, or an error of ours',
    async (image) => {
      for (let at = 8; at < 60; at += 1) {
        const changed = await withImage(`checkpoint/${image}.img`, (bytes) => {
          if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ 0x85;
        });
        const problems: ColdcaseError[] = [];
        try {
          for (const object of await recovered(changed, problems)) {
            if (object.size < 1 << 24) await object.open().read(0, object.size);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    },
  );
});
