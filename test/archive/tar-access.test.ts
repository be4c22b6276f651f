import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { openArchive } from '../../src/archive/open.js';
import { openTar } from '../../src/archive/tar-access.js';
import { readIdentityFile } from '../../src/bytes/age-identity.js';
import { samplePath } from '../support/samples.js';

let directory: string;
const tar = decompress(readFileSync(samplePath('crio-looper')));
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('a plain tar is read again by its path', async () => {
  const path = join(directory, 'plain.tar');
  writeFileSync(path, tar);
  const archive = await openArchive(path);
  expect(archive.access).toEqual({ path, fileKey: undefined });
  const again = await openTar(archive.access ?? { path: '', fileKey: undefined });
  expect(Buffer.from(await again.read(0, again.size)).equals(tar)).toBe(true);
  await again.close();
  await archive.close();
});

test('an encrypted one by its file key, which survives a structured clone', async () => {
  const identity = await generateIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const path = join(directory, 'sealed.tar.age');
  writeFileSync(path, await encrypter.encrypt(tar));
  const archive = await openArchive(path, { identities: [identity] });
  const again = await openTar(structuredClone(archive.access ?? { path: '', fileKey: undefined }));
  expect(Buffer.from(await again.read(0, again.size)).equals(tar)).toBe(true);
  await again.close();
  await archive.close();
});

test('a stream without a seek table offers no such access', async () => {
  const archive = await openArchive(samplePath('crio-looper'));
  expect(archive.access).toBeUndefined();
  await archive.close();
});

test('a sealed one frame by frame, as the searching threads read it', async () => {
  const key = fileURLToPath(new URL('../../samples/demo-key.txt', import.meta.url));
  const identities = await readIdentityFile(key);
  const archive = await openArchive(samplePath('podman-incident', '.tar.zst.age'), { identities });
  const again = await openTar(structuredClone(archive.access ?? { path: '', fileKey: undefined }));
  const whole = decompress(readFileSync(samplePath('podman-incident')));
  expect(again.size).toBe(whole.length);
  // forward, with steps back by less than is kept, over and over the memory that frames share
  for (let at = 0; at < whole.length; at += 900_000) {
    for (const from of [at, Math.max(0, at - 700_000)]) {
      const length = Math.min(300_000, whole.length - from);
      expect(Buffer.from(await again.read(from, length)).equals(whole.subarray(from, from + length))).toBe(
        true,
      );
    }
  }
  await again.close();
  await archive.close();
});
