import { afterEach, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { issue } from '../../src/kubelet/embedded/x509.js';
import { proxyFor } from '../../src/kubelet/proxy.js';
import { FOUND, failure, kubeconfigScene } from '../support/kubelet/kubeconfig-scene.js';
import { type RunningProxy, startConnectProxy, startSocksProxy } from '../support/kubelet/proxies.js';

const scene = kubeconfigScene();
const running: RunningProxy[] = [];
afterEach(async () => {
  for (const proxy of running.splice(0)) await proxy.close();
});

async function started(proxy: Promise<RunningProxy>): Promise<RunningProxy> {
  running.push(await proxy);
  return proxy;
}

const user = { token: 'admin-token' };
const login = { name: 'ada', password: 'pass word' };
const via = (url: string): Promise<readonly string[]> =>
  scene.checkpoint(scene.kubeconfig(user, { 'proxy-url': url }));
/** Of the API server. */
const server = (): string => new URL(scene.server.url).host;

describe('proxy-url', () => {
  test('http, with and without a password', async () => {
    const open = await started(startConnectProxy());
    expect(await via(`http://127.0.0.1:${open.port}`)).toEqual(FOUND);
    expect(open.asked).toEqual([server()]);
    const closed = await started(startConnectProxy({ login }));
    expect(await via(`http://ada:pass%20word@127.0.0.1:${closed.port}`)).toEqual(FOUND);
    const error = await failure(via(`http://ada:SECRET@127.0.0.1:${closed.port}`));
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toContain('(407)');
    expect(JSON.stringify([error.message, error.remedy, error.more])).not.toContain('SECRET');
  });

  test('https, trusted by the authority of the cluster as in client-go', async () => {
    const serving = issue(scene.server.authority, {
      subject: { commonName: 'proxy' },
      names: ['127.0.0.1'],
      usage: 'server',
    });
    const proxy = await started(startConnectProxy({ serving }));
    expect(await via(`https://127.0.0.1:${proxy.port}`)).toEqual(FOUND);
    expect(proxy.asked).toEqual([server()]);
    const stranger = issue(undefined, {
      subject: { commonName: 'x' },
      names: ['127.0.0.1'],
      usage: 'server',
    });
    const other = await started(startConnectProxy({ serving: stranger }));
    const error = await failure(via(`https://127.0.0.1:${other.port}`));
    expect(error.message).toContain(`the proxy 127.0.0.1:${other.port} cannot be used`);
    expect(other.asked).toEqual([]);
  });

  test('socks5, with and without a password; names are looked up by the proxy', async () => {
    const open = await started(startSocksProxy());
    expect(await via(`socks5://127.0.0.1:${open.port}`)).toEqual(FOUND);
    const closed = await started(startSocksProxy({ login }));
    expect(await via(`socks5://ada:pass%20word@127.0.0.1:${closed.port}`)).toEqual(FOUND);
    const { port } = new URL(scene.server.url);
    const named = scene.kubeconfig(user, {
      server: `https://api.cluster.invalid:${port}`,
      'tls-server-name': '127.0.0.1',
      'proxy-url': `socks5://127.0.0.1:${open.port}`,
    });
    expect(await scene.checkpoint(named)).toEqual(FOUND);
    expect(open.asked).toEqual([`127.0.0.1:${port}`, `api.cluster.invalid:${port}`]);
  });

  test.each([
    ['that wants a password', { login }, 'socks5://', 'wants a name and a password', ExitCode.denied],
    ['that wants another', { login }, 'socks5://ada:SECRET@', 'does not take the name', ExitCode.denied],
    ['that refuses', { reply: 2 }, 'socks5://', 'its rules do not allow this', ExitCode.failed],
    ['that cannot reach it', { reply: 5 }, 'socks5://', 'nothing listens there', ExitCode.failed],
  ])('a socks5 proxy %s', async (_, options, prefix, message, code) => {
    const proxy = await started(startSocksProxy(options));
    const error = await failure(via(`${prefix}127.0.0.1:${proxy.port}`));
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(code);
    expect(JSON.stringify([error.message, error.remedy, error.more])).not.toContain('SECRET');
  });

  test('what is no proxy: nothing listens, an HTTP proxy taken for SOCKS, another scheme', async () => {
    const gone = await startConnectProxy();
    await gone.close();
    for (const scheme of ['http', 'socks5']) {
      const error = await failure(via(`${scheme}://127.0.0.1:${gone.port}`));
      expect(error.message).toContain(`the proxy 127.0.0.1:${gone.port} cannot be used: nothing listens`);
    }
    const http = await started(startConnectProxy());
    expect((await failure(via(`socks5://127.0.0.1:${http.port}`))).message).toContain('SOCKS');
    const refusing = await started(startConnectProxy({ refuses: true }));
    expect((await failure(via(`http://127.0.0.1:${refusing.port}`))).message).toContain('(403)');
    const scheme = await failure(via('ftp://ada:SECRET@proxy:21'));
    expect(scheme.remedy).toContain('socks5://HOST:PORT');
    expect(scheme.message).not.toContain('SECRET');
  });

  test('the server is verified through it all the same, and may be pinned', async () => {
    const proxy = await started(startConnectProxy());
    const strange = scene.kubeconfig(user, {
      'proxy-url': `http://127.0.0.1:${proxy.port}`,
      'certificate-authority-data': undefined,
    });
    const error = await failure(scene.checkpoint(strange));
    expect(error.exitCode).toBe(ExitCode.unsafe);
    const [, tlsFingerprint = ''] = /--tls-fingerprint (\w+)/.exec(error.more.join('\n')) ?? [];
    expect(await scene.checkpoint(strange, { node: 'node-a', tlsFingerprint })).toEqual(FOUND);
  });
});

describe('the environment', () => {
  const to = (server: string, env: Record<string, string>): string | undefined =>
    proxyFor(new URL(server), undefined, env)?.host;

  test.each<[string, string, Record<string, string>, string | undefined]>([
    ['HTTPS_PROXY', 'https://api:6443', { HTTPS_PROXY: 'http://p:3128' }, 'p:3128'],
    ['in lower case', 'https://api:6443', { https_proxy: 'http://p:3128' }, 'p:3128'],
    ['without a scheme', 'https://api:6443', { HTTPS_PROXY: 'p:3128' }, 'p:3128'],
    ['not that of http', 'https://api:6443', { HTTP_PROXY: 'http://p:3128' }, undefined],
    ['never for this machine', 'https://127.0.0.1:6443', { HTTPS_PROXY: 'http://p:3128' }, undefined],
    ['a name', 'https://api.x.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'y,x.org' }, undefined],
    ['another name', 'https://apix.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x.org' }, 'p:1'],
    ['subdomains', 'https://api.x.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.x.org' }, undefined],
    ['with a star', 'https://api.x.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.x.org' }, undefined],
    ['a block', 'https://10.1.2.3:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
    ['another block', 'https://11.1.2.3', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, 'p:1'],
    ['IPv6', 'https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::/8' }, undefined],
    ['a port', 'https://api:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'api:6443' }, undefined],
    ['another port', 'https://api:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'api:443' }, 'p:1'],
    ['a star without a dot', 'https://api.x.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*x.org' }, 'p:1'],
    ['not the name of .x', 'https://x.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.x.org' }, 'p:1'],
    ['IPv6 in full', 'https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'FD00:0:0::1' }, undefined],
    [
      'IPv6, port',
      'https://[fd00::1]:6443',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: '[fd00::1]:6443' },
      undefined,
    ],
    [
      'IPv6, other port',
      'https://[fd00::1]',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: '[fd00::1]:6443' },
      'p:1',
    ],
    ['loopback as IPv6', 'https://[::ffff:127.0.0.1]', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['in lower case', 'https://api', { HTTPS_PROXY: 'http://p:1', no_proxy: 'api' }, undefined],
    ['everything', 'https://api:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
  ])('%s', (_, url, env, proxy) => {
    expect(to(url, env)).toBe(proxy);
  });

  test('is used where the kubeconfig names none, as kubectl does', async () => {
    const proxy = await started(startSocksProxy());
    const { port } = new URL(scene.server.url);
    const config = scene.kubeconfig(user, {
      server: `https://api.cluster.invalid:${port}`,
      'tls-server-name': '127.0.0.1',
    });
    const env = { HTTPS_PROXY: `socks5://127.0.0.1:${proxy.port}` };
    expect(await scene.checkpoint(config, undefined, { env })).toEqual(FOUND);
    expect(proxy.asked).toEqual([`api.cluster.invalid:${port}`]);
  });
});
