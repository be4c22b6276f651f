// Each part of these archives is believable, and their sum is not: below 512 MiB, with the answer or an error that says
// where.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encode, word } from '../support/criu-image.js';
import {
  checkpointTar,
  compressed,
  filters,
  imageOf,
  manyHeaders,
  numbered,
  paxRecord,
  plain,
  sparseRecords,
  tcpSockets,
  textOf,
} from '../support/hostile-sums.js';
import { type Measured, measured } from '../support/measured.js';

const MIB = 1024 * 1024;
const MOST = 512 * MIB;

const directory = mkdtempSync(join(tmpdir(), 'coldcase-sums-'));
afterAll(() => rmSync(directory, { recursive: true }));

let made = 0;
function file(pieces: Iterable<Uint8Array>): string {
  made += 1;
  const path = join(directory, `${made}.tar`);
  const fd = openSync(path, 'wx', 0o600);
  for (const piece of pieces) writeSync(fd, piece);
  closeSync(fd);
  return path;
}

async function within(words: readonly string[], mark = '"'): Promise<Measured> {
  const done = await measured(words, mark);
  expect(done.peak, words.join(' ')).toBeLessThan(MOST);
  return done;
}

/** Refused as damaged, with the place. */
async function refused(words: readonly string[], message: RegExp): Promise<void> {
  const { code, stderr } = await within(words);
  expect(stderr).toMatch(message);
  expect(code).toBe(5);
}

describe('headers before one entry', { timeout: 120_000 }, () => {
  const name = 'n'.repeat(MIB - 100);
  test.each([
    ['sparse maps', 'x', sparseRecords()],
    ['names', 'x', paxRecord('path', name)],
    ['names for all entries to come', 'g', paxRecord('path', name)],
    ['long names', 'L', name],
    ['long link names', 'K', name],
  ])('3,000 with %s', async (_, flag, body) => {
    const tar = file(compressed(manyHeaders(flag, body, 3000)));
    await refused(['ls', tar], /at offset \d+: more long names and pax headers than any archive needs/);
  });
});

describe('a file that was never JSON', { timeout: 120_000 }, () => {
  test.each(['spec.dump', 'config.dump', 'network.status'])('9 MB of [ in %s', async (name) => {
    const tar = file(plain(checkpointTar({ [name]: textOf('[', 9_000_000) })));
    const commands =
      name === 'spec.dump'
        ? ['show', 'inspect', 'mounts', 'seccomp']
        : name === 'config.dump'
          ? ['show']
          : ['inspect'];
    for (const command of commands) {
      await refused([command, tar], new RegExp(`${name} at offset 256: JSON that nests deeper than 256`));
    }
    if (name === 'spec.dump') await refused(['diff', tar, tar], /spec\.dump at offset 256/);
  });

  test('3 million objects', async () => {
    const tar = file(plain(checkpointTar({ 'spec.dump': textOf('[{},', 3_000_000) })));
    await refused(['show', tar], /spec\.dump at offset \d+: JSON/);
  });
});

describe('data that waits', { timeout: 120_000 }, () => {
  const entry = encode({ 1: 1, 2: 1 });
  const byte = Buffer.from('x');

  test.each([20, 200])('%i MiB of one pipe, a byte at a time', async (size) => {
    const image = imageOf('PIPES_DATA', entry, Math.floor((size * MIB) / (entry.length + 5)), byte);
    const tar = file(compressed(checkpointTar({ 'checkpoint/pipes-data.img': image }), MIB));
    await refused(['recover', tar], /not recovered: .*pipes-data\.img at offset \d+/);
  });

  test('of 200,000 pipes: what else is in the archive is found all the same', async () => {
    const pipes = numbered('PIPES_DATA', 200_000, (id) => encode({ 1: id, 2: 1 }), byte);
    const packets = imageOf('SK_QUEUES', encode({ 1: 7, 2: 1 }), 3, byte);
    const tar = file(
      plain(checkpointTar({ 'checkpoint/pipes-data.img': pipes, 'checkpoint/sk-queues.img': packets })),
    );
    const { code, stderr, marks } = await within(['recover', tar, '--json'], '"socket 7"');
    expect(stderr).toMatch(/not recovered: .*pipes-data\.img/);
    expect([code, marks]).toEqual([5, 1]);
    // in the listing, and as the name of an entry
    expect(await within(['recover', tar, '--tar', '-'], 'sockets/7')).toMatchObject({ code: 5, marks: 2 });
  });
});

describe('a few bytes that stand for rows', { timeout: 120_000 }, () => {
  test('400,000 messages of System V', async () => {
    const desc = encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0o600, 7: 5 });
    const queue = encode({ 1: desc, 2: 1, 3: 400_000 });
    const message = encode({ 1: 1, 2: 8 });
    const [head] = imageOf('IPCNS_MSG', queue, 1);
    const image = [
      ...(head === undefined ? [] : [head]),
      { piece: Buffer.concat([word(queue.length), queue]), times: 1 },
      { piece: Buffer.concat([word(message.length), message, Buffer.alloc(8)]), times: 400_000 },
    ];
    const tar = file(plain(checkpointTar({ 'checkpoint/ipcns-msg-9.img': image })));
    await refused(['recover', tar], /not recovered: checkpoint\/ipcns-msg-9\.img, up to .* message \d+/);
  });

  test('130,000 descriptors of one file, that the other checkpoint has not', async () => {
    const descriptors = numbered('FDINFO', 130_000, (fd) => encode({ 1: 1, 2: 0, 3: 1, 4: fd }));
    const many = file(plain(checkpointTar({ 'checkpoint/fdinfo-5.img': descriptors })));
    const none = file(plain(checkpointTar({})));
    const { code, marks } = await within(['diff', many, none, '--format', 'ndjson'], '"change":"removed"');
    expect([code, marks]).toEqual([0, 130_000]);
    expect((await within(['diff', many, many])).code).toBe(0);
  });
});

describe('filters of seccomp', { timeout: 120_000 }, () => {
  test('2,000 alike', async () => {
    const tar = file(plain(checkpointTar({ 'checkpoint/seccomp.img': filters(2000, true) })));
    expect(await within(['seccomp', tar], 'no filter')).toMatchObject({ code: 0, marks: 1 });
  });

  test('400 alike, all of them printed', async () => {
    const tar = file(plain(checkpointTar({ 'checkpoint/seccomp.img': filters(400, true) })));
    const listing = await within(['seccomp', tar, '--listing'], ': 4096 instructions');
    expect(listing).toMatchObject({ code: 0, marks: 400 });
    expect(await within(['seccomp', tar, '--json'], '"index": ')).toMatchObject({ code: 0, marks: 400 });
  });

  test('2,000 of which each is another one', async () => {
    const tar = file(plain(checkpointTar({ 'checkpoint/seccomp.img': filters(2000, false) })));
    await refused(['seccomp', tar], /seccomp\.img: filter 61: too many instructions/);
  });
});

describe('sockets', { timeout: 120_000 }, () => {
  test('50,000 are answered', async () => {
    const tar = file(plain(checkpointTar({ 'checkpoint/files.img': tcpSockets(50_000) })));
    expect(await within(['sockets', tar, '--json'], '"receiveQueue": ')).toMatchObject({
      code: 0,
      marks: 50_000,
    });
    expect((await within(['sockets', tar])).code).toBe(0);
  });

  test('180,000 are too many', async () => {
    const tar = file(plain(checkpointTar({ 'checkpoint/files.img': tcpSockets(180_000) })));
    await refused(['sockets', tar], /files\.img at offset \d+|the sockets up to that of file \d+/);
  });
});
