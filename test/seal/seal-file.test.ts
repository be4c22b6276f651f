import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { openArchive } from '../../src/archive/open.js';
import {
  IntegrityError,
  InterruptedError,
  NotFoundError,
  UnsafeError,
  UsageError,
} from '../../src/base/errors.js';
import { formatSize } from '../../src/base/units.js';
import type { CaptureRecord } from '../../src/seal/capture-record.js';
import type { SealInput } from '../../src/seal/input.js';
import { parseManifest } from '../../src/seal/manifest.js';
import { type SealFileOptions, sealFile } from '../../src/seal/seal-file.js';
import { SAMPLES, samplePath } from '../support/samples.js';
import { provedSha256, sha256 } from '../support/sealed.js';

let root = '';
const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coldcase-seal-'));
});
afterAll(() => rm(root, { recursive: true }));

async function* pieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const CAPTURE: CaptureRecord = {
  toolVersion: '0.0.0',
  startedAt: '2026-11-23T16:00:00Z',
  endpoint: 'https://127.0.0.1:10250',
  namespace: 'prod',
  pod: 'payments',
  container: 'api',
};

function options(input: SealInput, output: string, more: Partial<SealFileOptions> = {}): SealFileOptions {
  return {
    input,
    output: join(root, output),
    sealFor: { recipients },
    capture: null,
    toolVersion: '0.0.0',
    prove: true,
    ...more,
  };
}

test.each(SAMPLES)('%s: sealed from a file and from a stream, proved, and read again', async (sample) => {
  const tar = decompress(await readFile(samplePath(sample)));
  const plain = join(root, `${sample}.tar`);
  await writeFile(plain, tar);
  const file = await open(plain);
  try {
    const fromFile: SealInput = { name: plain, fd: file.fd, size: tar.length };
    const fromStream: SealInput = { name: `${sample}.tar`, chunks: pieces(tar) };
    for (const [name, input] of Object.entries({ fromFile, fromStream })) {
      const output = `${sample}-${name}.tar.zst.age`;
      const { path, manifestPath, manifest } = await sealFile(options(input, output, { capture: CAPTURE }));
      const written = await readFile(path);
      expect(manifest.sealed).toEqual({ name: output, size: written.length, sha256: sha256(written) });
      expect(manifest.tar).toMatchObject({ name: `${sample}.tar`, size: tar.length, sha256: sha256(tar) });
      expect(parseManifest(await readFile(manifestPath, 'utf8'), 'm')).toEqual(manifest);
      for (const each of [path, manifestPath]) expect((await stat(each)).mode & 0o777).toBe(0o600);

      const archive = await openArchive(path, { identities: [identity] });
      const original = await openArchive(plain);
      expect(archive.storage).toMatchObject({
        compression: 'zstd-seekable',
        tarSize: tar.length,
        sealed: { tarSha256: sha256(tar), capture: CAPTURE },
      });
      expect(await archive.entries()).toEqual(await original.entries());
      expect(manifest.tar.entries).toBe((await original.entries()).length);
      await archive.close();
      await original.close();
    }
  } finally {
    await file.close();
  }
});

test('of a compressed archive the tar is sealed, and both hashes are recorded', async () => {
  const zst = await readFile(samplePath('crio-looper'));
  const tar = decompress(zst);
  const gz = gzipSync(tar);
  for (const [bytes, name, compression] of [
    [zst, 'a.tar.zst', 'zstd'],
    [gz, 'a.tar.gz', 'gzip'],
  ] as const) {
    const { manifest } = await sealFile(options({ name, chunks: pieces(bytes) }, `${name}.age`));
    expect(manifest.input).toEqual({ name, size: bytes.length, sha256: sha256(bytes), compression });
    expect(manifest.tar).toMatchObject({ name: 'a.tar', size: tar.length, sha256: sha256(tar) });
  }
});

test('a tar that is cut anywhere, or none at all, is refused and leaves nothing', async () => {
  const tar = decompress(await readFile(samplePath('crio-looper')));
  const before = await readdir(root);
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), 'no entry'],
    [Buffer.alloc(2_000_000), 'no entry'],
    [Buffer.from('just some text, no tar'.repeat(100)), 'not a tar archive'],
    [tar.subarray(0, 100), 'not a tar archive'],
    [tar.subarray(0, 150_000), 'cut short'],
    [tar.subarray(0, 512), 'cut short'],
    [gzipSync(tar).subarray(0, 20_000), 'gzip'],
    [(await readFile(samplePath('crio-looper'))).subarray(0, 20_000), 'cut short'],
  ];
  for (const [bytes, problem] of cases) {
    const sealed = sealFile(options({ name: 'bad.tar', chunks: pieces(bytes) }, 'bad.age'));
    await expect(sealed).rejects.toThrow(IntegrityError);
    await expect(sealed).rejects.toThrow(problem);
  }
  const cutBetweenEntries = sealFile(
    options({ name: 'bad.tar', chunks: pieces(tar.subarray(0, tar.length - 1024)) }, 'bad.age'),
  );
  await expect(cutBetweenEntries).rejects.toThrow(IntegrityError);
  expect(await readdir(root)).toEqual(before);
});

test('what the disk changed after it was written is found when it is read back', async () => {
  const tar = decompress(await readFile(samplePath('podman-incident')));
  const before = await readdir(root);
  let damaged = 0;
  const onProgress = (phase: string): void => {
    if (phase !== 'sealing' || damaged > 0) return;
    for (const name of readdirSync(root).filter((one) => one.endsWith('.partial'))) {
      const fd = openSync(join(root, name), 'r+');
      writeSync(fd, Buffer.from('not what was written'), 0, 20, 5000);
      closeSync(fd);
      damaged += 1;
    }
  };
  const input: SealInput = { name: 'x.tar', chunks: pieces(tar) };
  const sealed = sealFile(options(input, 'damaged.age', { onProgress }));
  await expect(sealed).rejects.toThrow(IntegrityError);
  expect(damaged).toBe(1);
  expect(await readdir(root)).toEqual(before);
});

test('encrypted input, no recipient, a bad one, a mixture, and a secret given as recipient', async () => {
  const input = (): SealInput => ({ name: 'x', chunks: pieces(Buffer.from('age-encryption.org/v1\n')) });
  await expect(sealFile(options(input(), 'x.age'))).rejects.toThrow('encrypted already');
  const hybrid = await identityToRecipient(await generateHybridIdentity());
  for (const [bad, problem] of [
    [[], 'no recipient'],
    [['age1notarecipient'], 'not an age recipient'],
    [[`${recipients[0]}x`], 'not an age recipient'],
    [['ssh-ed25519 AAAA'], 'SSH keys'],
    [[identity], 'identity (secret)'],
    [[hybrid, ...recipients], 'cannot be mixed'],
  ] as const) {
    const sealed = sealFile(options(input(), 'x.age', { sealFor: { recipients: bad } }));
    await expect(sealed).rejects.toThrow(UsageError);
    await expect(sealed).rejects.toThrow(problem);
    await expect(sealed).rejects.not.toThrow('AGE-SECRET-KEY');
  }
});

test('nothing in the way is replaced: neither a sealed file nor a manifest', async () => {
  const tar = decompress(await readFile(samplePath('crio-looper')));
  for (const taken of ['t1.age', 't2.age.json']) {
    await writeFile(join(root, taken), 'theirs');
    const output = taken.replace('.json', '');
    await expect(sealFile(options({ name: 'x', chunks: pieces(tar) }, output))).rejects.toThrow(UnsafeError);
    expect(await readFile(join(root, taken), 'utf8')).toBe('theirs');
    const forced = await sealFile(options({ name: 'x', chunks: pieces(tar) }, output, { force: true }));
    expect(forced.manifest.proved).toBe(true);
  }
});

test('a manifest that cannot be written leaves the sealed file, and says what it is', async () => {
  const tar = decompress(await readFile(samplePath('crio-looper')));
  const directory = join(root, 'soon-gone');
  await mkdir(directory);
  async function* goes(): AsyncGenerator<Uint8Array> {
    yield tar;
    await rmdir(directory);
  }
  const input: SealInput = { name: 'x.tar', chunks: goes() };
  const output = 'without-manifest.age';
  const failed: unknown = await sealFile(
    options(input, output, { manifest: join(directory, 'm.json') }),
  ).catch((error: unknown) => error);
  if (!(failed instanceof NotFoundError)) throw failed;
  expect(failed.message).toContain('soon-gone');
  const written = await readFile(join(root, output));
  expect(await provedSha256(join(root, output), identity)).toBe(sha256(tar));
  expect(failed.more).toEqual([
    'only the manifest is missing: the sealed file is complete, and was read back and proved',
    `sealed  ${join(root, output)}, ${formatSize(written.length)}`,
    `sha256  ${sha256(written)}`,
    expect.stringMatching(/^tar {5}x\.tar, .*, \d+ entries$/),
    `sha256  ${sha256(tar)}`,
    'keep these hashes; coldcase verify checks the sealed file without a manifest too',
  ]);
});

test('stopped while it works, it leaves nothing', async () => {
  const tar = decompress(await readFile(samplePath('podman-incident')));
  const before = await readdir(root);
  for (const stopAt of ['sealing', 'proving']) {
    const controller = new AbortController();
    const onProgress = (phase: string, done: number) => {
      if (phase === stopAt && done > 3_000_000) controller.abort(new InterruptedError('stopped by SIGINT'));
    };
    const sealed = sealFile(
      options({ name: 'x', chunks: pieces(tar) }, 'stop.age', { onProgress, signal: controller.signal }),
    );
    await expect(sealed).rejects.toThrow(InterruptedError);
  }
  expect(await readdir(root)).toEqual(before);
});

test('an error of the stream that is read is the error', async () => {
  const before = await readdir(root);
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield decompress(await readFile(samplePath('crio-looper'))).subarray(0, 200_000);
    throw new Error('connection reset');
  }
  await expect(sealFile(options({ name: 'x', chunks: failing() }, 'err.age'))).rejects.toThrow(
    'connection reset',
  );
  expect(await readdir(root)).toEqual(before);
});
