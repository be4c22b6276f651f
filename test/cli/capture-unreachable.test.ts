import { expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase } from '../support/coldcase.js';
import { captureScene, recipient, TARGET } from '../support/kubelet/capture-scene.js';
import { startStandIn } from '../support/kubelet/stand-in.js';

const scene = captureScene();

interface Flags {
  readonly kubelet?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly more?: readonly string[];
}

async function captureWith({ kubelet, ca, cert, key, more = [] }: Flags) {
  const words = [
    ...['capture', TARGET, '--kubelet', kubelet ?? scene.kubelet.url, '-r', recipient, '-o', scene.out],
    ...['--certificate-authority', ca ?? scene.kubelet.ca, '--client-certificate', cert ?? scene.client],
    ...(key === undefined ? [] : ['--client-key', key]),
    ...['--checkpoint-dir', scene.kubelet.checkpoints, ...more],
  ];
  const asked = scene.kubelet.requests.length;
  const finished = await coldcase(words);
  expect(finished.stdout).toBe('');
  scene.nothingHappened();
  return { ...finished, asked: scene.kubelet.requests.length - asked };
}

test('an unknown host', async () => {
  const { code, stderr } = await captureWith({ kubelet: 'https://no-such-host.invalid:10250' });
  expect(code).toBe(ExitCode.failed);
  expect(stderr).toMatch(/the (host|name) no-such-host.invalid:10250/);
});

test('nothing listens there', async () => {
  const { code, stderr } = await captureWith({ kubelet: 'https://127.0.0.1:1' });
  expect(code).toBe(ExitCode.failed);
  expect(stderr).toContain('nothing listens at 127.0.0.1:1');
});

test('a certificate of another authority, with the fingerprint and the flag that would pin it', async () => {
  const other = await startStandIn({ selfSigned: true });
  const { code, stderr } = await captureWith({ kubelet: other.url, cert: other.client('admin').both });
  await other.close();
  expect(code).toBe(ExitCode.unsafe);
  expect(stderr).toMatch(/^--tls-fingerprint [0-9a-f]{64}$/m);
  expect(other.requests).toEqual([]);
});

test('an expired client certificate', async () => {
  const dates = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
  const { code, stderr, asked } = await captureWith({ cert: scene.kubelet.client('old', dates).both });
  expect([code, asked]).toEqual([ExitCode.denied, 0]);
  expect(stderr).toContain('expired on 2021-01-01');
});

test('a key that does not match its certificate', async () => {
  const [one, two] = [scene.kubelet.client('one'), scene.kubelet.client('two')];
  const { code, stderr, asked } = await captureWith({ cert: one.cert, key: two.key });
  expect([code, asked]).toEqual([ExitCode.failed, 0]);
  expect(stderr).toContain('does not belong to the certificate');
});

test('ten gigabytes of JSON', async () => {
  const endless = await startStandIn({
    intercept: async (_, { response }) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(10 * 2 ** 30) });
      const chunk = Buffer.alloc(1 << 16, ' ');
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pump);
      pump();
      return undefined;
    },
  });
  const flags = { kubelet: endless.url, ca: endless.ca, cert: endless.client('admin').both };
  const { code, stderr } = await captureWith(flags);
  await endless.close();
  expect(code).toBe(ExitCode.failed);
  expect(stderr).toContain('longer than 1048576 bytes');
});

test('a kubelet that answers slowly is waited for', async () => {
  const { checkpoint } = scene.kubelet.state;
  scene.kubelet.state.checkpoint = async (...what) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return checkpoint(...what);
  };
  const { code } = await scene.capture('--keep-original');
  scene.kubelet.state.checkpoint = checkpoint;
  expect(code).toBe(ExitCode.done);
});
