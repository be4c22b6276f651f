import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import tarStream from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, encode } from '../support/criu-image.js';
import { parseExact } from '../support/json.js';
import { peerAnswer } from '../support/peers.js';
import { samplePath } from '../support/samples.js';

const BIN = fileURLToPath(new URL('../../bin/coldcase.js', import.meta.url));
const SAMPLE = samplePath('podman-incident');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coldcase-decode-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function decode(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BIN, 'decode', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

async function archiveOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const pack = tarStream.pack();
  for (const [name, bytes] of Object.entries(files)) pack.entry({ name }, Buffer.from(bytes));
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(Buffer.from(chunk as Uint8Array));
  const path = join(folder, 'built.tar');
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

describe('coldcase decode', () => {
  it.each([
    [[], 'crit'],
    [['--pretty'], 'crit-pretty'],
  ] as const)('prints what crit prints, with %j', (options, peer) => {
    const theirs = new Map(Object.entries(parseExact(peerAnswer('podman-incident', peer)) as object));
    const one = decode(SAMPLE, 'core-1.img', ...options);
    expect(one.stderr).toBe('');
    expect(parseExact(one.stdout)).toEqual(theirs.get('core-1.img'));
    const two = decode(SAMPLE, ...options, 'mm-1.img', 'files.img');
    const wanted = Object.fromEntries(['mm-1.img', 'files.img'].map((name) => [name, theirs.get(name)]));
    expect(parseExact(two.stdout)).toEqual(wanted);
    const all = new Map(Object.entries(parseExact(decode(SAMPLE, ...options).stdout) as object));
    for (const name of theirs.keys()) expect(all.has(name), name).toBe(true);
    expect(all.get('pstree.img')).toEqual(theirs.get('pstree.img'));
  });

  it('decodes a sealed archive just so', () => {
    const key = fileURLToPath(new URL('../../samples/demo-key.txt', import.meta.url));
    const sealed = decode(`${SAMPLE}.age`, '-i', key, 'mm-4.img', '--pretty');
    expect(sealed).toEqual({
      ...sealed,
      status: 0,
      stderr: '',
      stdout: decode(SAMPLE, 'mm-4.img', '--pretty').stdout,
    });
  });

  it('answers --info as crit does', () => {
    expect(JSON.parse(decode(SAMPLE, '--info', 'pagemap-1.img').stdout)).toEqual({
      magic: 'PAGEMAP',
      count: 89,
    });
    expect(JSON.parse(decode(SAMPLE, '--info').stdout)).toMatchObject({
      'files.img': { magic: 'FILES', count: 49 },
      'tcp-stream-f06cb.img': { magic: 'TCP_STREAM', count: 1 },
      'pages-1.img': { magic: null, raw: { contents: 'memory pages' } },
      'stats-dump': { magic: 'STATS', count: 1 },
    });
  });

  it('shows images of unknown kinds, and files that are none', async () => {
    const archive = await archiveOf({
      'checkpoint/new-1.img': buildImage(0x12345678, { message: encode({ 3: 7 }) }),
      'checkpoint/odd.img': buildImage(0x12345678, { payload: Buffer.from('not framed at all') }),
      'checkpoint/empty.img': Buffer.alloc(0),
    });
    const { status, stdout } = decode(archive);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      'new-1.img': { magic: '0x12345678', entries: [{ _unknown: [{ field: 3, wire: 'varint', value: 7 }] }] },
      'odd.img': { magic: '0x12345678', raw: { contents: 'unknown', size: 25 } },
      'empty.img': { magic: null, raw: { contents: 'unknown', size: 0 } },
    });
  });

  it.each([[[]], [['--pretty']], [['--info']]])(
    'prints JSON also when an image makes no sense, goes on, and fails: %j',
    async (options) => {
      const good = encode({ 1: 1, 2: 0, 3: 0, 4: 0 });
      const archive = await archiveOf({
        'checkpoint/pstree.img': buildImage('PSTREE', { message: good }, { payload: Buffer.of(99, 0, 0, 0) }),
        'checkpoint/fs-1.img': buildImage('FS', { message: encode({ 1: 1, 2: 2 }) }),
      });
      const { status, stdout, stderr } = decode(archive, ...options);
      expect(status).toBe(5);
      expect(stderr).toMatch(/checkpoint\/pstree\.img at offset 24: .*99 bytes/);
      const answer = JSON.parse(stdout);
      expect(answer['pstree.img'].error).toContain('at offset 24');
      expect(answer['fs-1.img'].magic).toBe('FS');
    },
  );

  it('answers 4 for an image that is not there, 2 for no archive', () => {
    const missing = decode(SAMPLE, 'core-99.img');
    expect([missing.status, missing.stdout]).toEqual([4, '']);
    expect(missing.stderr).toContain('core-99.img');
    expect(decode().status).toBe(2);
  });

  it('prints nothing that a terminal would act on', async () => {
    const name = 'a\u001b[31m\u202e\u009b\u007f\u{e0041}';
    const archive = await archiveOf({
      'checkpoint/utsns-1.img': buildImage('UTSNS', {
        message: encode({ 1: name, 2: Buffer.of(0xff, 0x41) }),
      }),
    });
    const { stdout } = decode(archive, 'utsns-1.img');
    expect(stdout).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(stdout).entries).toEqual([{ nodename: name, domainname: '\ufffdffA' }]);
  });
});
