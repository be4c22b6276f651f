import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { coldcase } from '../support/coldcase.js';
import { type RangeServer, serveRanges } from '../support/range-server.js';
import { samplePath } from '../support/samples.js';
import { growTar, sealGrown } from '../support/virtual-sealed.js';

let directory: string;
let server: RangeServer;
let size: number;
let identity: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coldcase-test-'));
  const tar = Buffer.from(decompress(readFileSync(samplePath('podman-incident'))));
  const sealed = await sealGrown(await growTar(tar, 'checkpoint/pages-2.img', 1024));
  identity = join(directory, 'key.txt');
  writeFileSync(identity, sealed.identity, { mode: 0o600 });
  size = sealed.source.size;
  server = await serveRanges(sealed.source);
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

test.each([
  ['show', 'incident'],
  ['ps', 'kworker/u8:2'],
  ['files', '/tmp/ghost.log'],
  ['sockets', '0.0.0.0:8080'],
  ['ls', 'config.dump'],
])('%s over HTTP reads less than a hundredth of a sealed 1 GiB archive', async (command, expected) => {
  server.bytesSent = 0;
  const { code, stdout, stderr } = await coldcase([command, server.url, '-i', identity]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain(expected);
  expect(size).toBeGreaterThan(2 ** 30);
  expect(server.bytesSent).toBeLessThan(size / 100);
  expect(server.bytesSent).toBeGreaterThan(0);
});
