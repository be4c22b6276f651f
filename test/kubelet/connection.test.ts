import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ColdcaseError, ExitCode } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { TimedOutError } from '../../src/kubelet/connection-errors.js';
import { issue } from '../../src/kubelet/embedded/x509.js';
import { type ConnectionFlags, type EndpointContext, resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { certificatesIn } from '../../src/kubelet/pem.js';
import { fingerprintOf, parseFingerprint } from '../../src/kubelet/trust.js';
import { type StandIn, startStandIn } from '../support/kubelet/stand-in.js';

let kubelet: StandIn;
let selfSigned: StandIn;
let admin: { cert: string; key: string; both: string };

beforeAll(async () => {
  kubelet = await startStandIn();
  selfSigned = await startStandIn({ selfSigned: true, names: ['node-a'] });
  admin = kubelet.client('admin');
});
afterAll(async () => {
  await kubelet.close();
  await selfSigned.close();
});

const NOBODY: EndpointContext = { uid: 1000, env: {} };

async function healthz(flags: ConnectionFlags, context = NOBODY): Promise<string> {
  const client = KubeletClient.connect(await resolveEndpoint(flags, context));
  try {
    return await client.healthz();
  } finally {
    await client.close();
  }
}

async function failure(flags: ConnectionFlags, context?: EndpointContext): Promise<ColdcaseError> {
  const error: unknown = await healthz(flags, context).then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ColdcaseError) return error;
  throw error;
}

const trusted = () => ({ kubelet: kubelet.url, certificateAuthority: kubelet.ca });

describe('credentials', () => {
  test('certificate and key in two files, in one file, and a token', async () => {
    expect(await healthz({ ...trusted(), clientCertificate: admin.cert, clientKey: admin.key })).toBe('ok');
    expect(await healthz({ ...trusted(), clientCertificate: admin.both })).toBe('ok');
    const tokenFile = kubelet.file('token', 'good-token\n');
    expect(await healthz({ ...trusted(), tokenFile })).toBe('ok');
  });

  test('an expired client certificate is refused before connecting', async () => {
    const old = kubelet.client('expired', {
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    const seen = kubelet.requests.length;
    const error = await failure({ kubelet: 'https://127.0.0.1:1', clientCertificate: old.both });
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toContain('expired on 2021-01-01T00:00:00Z');
    expect(kubelet.requests.length).toBe(seen);
  });

  test('a certificate of the future is refused', async () => {
    const dates = { notBefore: new Date('2098-01-01'), notAfter: new Date('2099-01-01') };
    const error = await failure({ ...trusted(), clientCertificate: kubelet.client('future', dates).both });
    expect(error.message).toContain('not valid before 2098-01-01');
  });

  test('a key of another certificate is refused before connecting', async () => {
    const other = kubelet.client('other');
    const error = await failure({
      kubelet: 'https://127.0.0.1:1',
      clientCertificate: admin.cert,
      clientKey: other.key,
    });
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toContain('does not belong to the certificate');
  });

  test.each([
    ['no key', () => ({ clientCertificate: admin.cert }), 'holds no PEM private key'],
    ['no certificate', () => ({ clientCertificate: admin.key }), 'holds no PEM certificate'],
    ['a missing file', () => ({ clientCertificate: '/nowhere.pem' }), 'does not exist'],
    ['a directory', () => ({ clientCertificate: kubelet.root }), 'is no regular file'],
    [
      'a damaged certificate',
      () => ({ clientCertificate: damaged(), clientKey: admin.key }),
      'cannot be read',
    ],
    ['a token of two lines', () => ({ tokenFile: kubelet.file('two', 'a\nb') }), 'holds no bearer token'],
  ])('%s', async (_, flags, message) => {
    const error = await failure({ ...trusted(), ...flags() });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('PRIVATE');
  });

  function damaged(): string {
    const body = Buffer.from('nothing').toString('base64');
    return kubelet.file('damaged.pem', `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
  }

  test('none given, as an ordinary user', async () => {
    const error = await failure({});
    expect(error.exitCode).toBe(ExitCode.usage);
    expect(error.remedy).toContain('run as root');
  });

  test.each<[string, ConnectionFlags]>([
    ['two ways', { kubelet: 'https://a:1', kubeconfig: '/x' }],
    ['two kinds of trust', { insecureSkipTlsVerify: true, tlsFingerprint: 'aa' }],
    ['a key alone', { clientKey: '/x' }],
    ['no https', { kubelet: 'http://127.0.0.1:10255', tokenFile: '/dev/null' }],
  ])('flags that make no sense: %s', async (_, flags) => {
    expect((await failure(flags)).exitCode).toBe(ExitCode.usage);
  });
});

describe('the usual credentials of a node', () => {
  test('the first usable ones are taken, the kubelet is pinned by its own file, and both are said', async () => {
    const { mkdirSync, copyFileSync, writeFileSync } = await import('node:fs');
    const prefix = `${kubelet.root}/fake`;
    mkdirSync(`${prefix}/etc/kubernetes/pki`, { recursive: true });
    mkdirSync(`${prefix}/var/lib/kubelet/pki`, { recursive: true });
    const old = kubelet.client('old', {
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    copyFileSync(old.cert, `${prefix}/etc/kubernetes/pki/apiserver-kubelet-client.crt`);
    copyFileSync(old.key, `${prefix}/etc/kubernetes/pki/apiserver-kubelet-client.key`);
    copyFileSync(admin.both, `${prefix}/var/lib/kubelet/pki/kubelet-client-current.pem`);
    writeFileSync(`${prefix}/var/lib/kubelet/pki/kubelet.crt`, kubelet.serving.cert);
    const notes: string[] = [];
    const endpoint = await resolveEndpoint({}, { uid: 0, env: {}, prefix, note: (line) => notes.push(line) });
    expect(notes[0]).toMatch(/^skipped .*apiserver-kubelet-client.crt: .* expired/);
    expect(notes[1]).toMatch(/^using the client certificate .*kubelet-client-current.pem \(CN=admin\)$/);
    expect(endpoint.connection.url.href).toBe('https://127.0.0.1:10250/');
    expect(endpoint.connection.trust).toMatchObject({ kind: 'pin' });
    expect(endpoint.trust).toContain('kubelet.crt');
  });
});

describe('trust', () => {
  const fingerprint = (pem: string): string => {
    const [leaf] = certificatesIn(pem, 'test');
    if (!leaf) throw new Error('no certificate');
    return fingerprintOf(leaf);
  };
  const user = (): ConnectionFlags => ({ clientCertificate: selfSigned.client('admin').both });

  test('a self-signed kubelet is refused, with its fingerprint and the flag that would pin it', async () => {
    const error = await failure({ kubelet: selfSigned.url, ...user() });
    const shown = fingerprint(selfSigned.serving.cert);
    expect(error.exitCode).toBe(ExitCode.unsafe);
    expect(error.message).toContain('self-signed');
    expect(error.more.at(-1)).toBe(`--tls-fingerprint ${shown}`);
    expect(selfSigned.requests).toEqual([]);
  });

  test('the pinned fingerprint is accepted, however it is written', async () => {
    const hex = fingerprint(selfSigned.serving.cert);
    expect(await healthz({ kubelet: selfSigned.url, ...user(), tlsFingerprint: hex })).toBe('ok');
    const colons = hex.toUpperCase().replace(/(..)(?=.)/g, '$1:');
    expect(parseFingerprint(`SHA256:${colons}`)).toBe(hex);
    expect(parseFingerprint(`sha256 Fingerprint=${colons}`)).toBe(hex);
  });

  test('another certificate than the pinned one is refused', async () => {
    const seen = selfSigned.requests.length;
    const error = await failure({ kubelet: selfSigned.url, ...user(), tlsFingerprint: 'ab'.repeat(32) });
    expect(error.exitCode).toBe(ExitCode.unsafe);
    expect(error.message).toContain('another certificate than the one pinned');
    expect(selfSigned.requests.length).toBe(seen);
  });

  test('a certificate for other names is refused, and accepted by --tls-server-name', async () => {
    const named = await startStandIn({ names: ['node-b'] });
    const flags = {
      kubelet: named.url,
      certificateAuthority: named.ca,
      clientCertificate: named.client('admin').both,
    };
    const error = await failure(flags);
    expect(error.exitCode).toBe(ExitCode.unsafe);
    expect(error.message).toContain('DNS:node-b');
    expect(await healthz({ ...flags, tlsServerName: 'node-b' })).toBe('ok');
    await named.close();
  });

  test('the wrong authority is refused, and --insecure-skip-tls-verify asks nothing', async () => {
    const clientCertificate = admin.both;
    const error = await failure({
      kubelet: kubelet.url,
      certificateAuthority: selfSigned.ca,
      clientCertificate,
    });
    expect(error.exitCode).toBe(ExitCode.unsafe);
    expect(await healthz({ kubelet: kubelet.url, insecureSkipTlsVerify: true, clientCertificate })).toBe(
      'ok',
    );
  });

  test('a certificate authority without a certificate, a fingerprint that is none', async () => {
    const clientCertificate = admin.both;
    expect(
      (await failure({ kubelet: kubelet.url, clientCertificate, certificateAuthority: admin.key })).message,
    ).toContain('holds no PEM certificate');
    expect((await failure({ kubelet: kubelet.url, clientCertificate, tlsFingerprint: 'abc' })).exitCode).toBe(
      2,
    );
  });
});

describe('connections that fail', () => {
  const flags = (url: string): ConnectionFlags => ({
    kubelet: url,
    clientCertificate: admin.both,
    certificateAuthority: kubelet.ca,
  });

  test('an unknown host', async () => {
    const error = await failure(flags('https://no-such-host.invalid:10250'));
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toMatch(/is not known|cannot be looked up/);
  });

  test('nothing listens', async () => {
    const error = await failure(flags('https://127.0.0.1:1'));
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toBe('nothing listens at 127.0.0.1:1');
  });

  test('something that speaks no TLS, and something that hangs up', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const error = await failure(flags(`https://127.0.0.1:${port}`));
    plain.close();
    expect(error.message).toContain('does not speak TLS');
    const rude = await startStandIn({
      intercept: async (_, { request }) => {
        request.socket.destroy();
        return undefined;
      },
    });
    const cut = await failure({
      ...flags(rude.url),
      certificateAuthority: rude.ca,
      clientCertificate: rude.client('a').both,
    });
    await rude.close();
    expect(cut.message).toContain('closed the connection');
  });

  test('a kubelet that never answers, and one that answers a byte at a time', async () => {
    for (const mode of ['never', 'slowly']) {
      const slow = await startStandIn({
        intercept: async (_, { response }) => {
          if (mode === 'slowly') {
            response.writeHead(200, { 'content-type': 'application/json' });
            const timer = setInterval(() => response.write(' '), 20);
            response.on('close', () => clearInterval(timer));
          }
          await new Promise((resolve) => response.on('close', resolve));
          return undefined;
        },
      });
      const endpoint = await resolveEndpoint({
        kubelet: slow.url,
        certificateAuthority: slow.ca,
        clientCertificate: slow.client('admin').both,
      });
      const client = KubeletClient.connect(endpoint);
      const target = { namespace: 'prod', pod: 'p', container: 'c' };
      const started = Date.now();
      await expect(client.checkpoint(target, { timeout: undefined, requestTimeout: 300 })).rejects.toThrow(
        TimedOutError,
      );
      expect(Date.now() - started).toBeLessThan(3000);
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Error('stopped')), 100);
      const options = { timeout: undefined, requestTimeout: 60_000, signal: stop.signal };
      await expect(client.checkpoint(target, options)).rejects.toThrow('stopped');
      await client.close();
      await slow.close();
    }
  });
});

test('certificates that are made here are valid X.509 to another reader', () => {
  const issued = issue(kubelet.authority, {
    subject: { commonName: 'bob', organizations: ['system:masters', 'ops'] },
    usage: 'client',
    notAfter: new Date('2051-01-01'),
  });
  const [leaf] = certificatesIn(issued.cert, 'test');
  const [authority] = certificatesIn(kubelet.authority.cert, 'test');
  expect(leaf?.subject).toBe('O=system:masters\nO=ops\nCN=bob');
  expect(leaf?.validTo).toBe('Jan  1 00:00:00 2051 GMT');
  expect(authority?.ca).toBe(true);
  expect(authority && leaf?.verify(authority.publicKey)).toBe(true);
});
