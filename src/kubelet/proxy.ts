import { BlockList, isIP } from 'node:net';
import { FailedError } from '../base/errors.js';

/** BlockList takes an IPv4 address that is written as an IPv6 one for what it is. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

/**
 * The proxy on the way to a server: the one that is named, otherwise the one of the environment (HTTPS_PROXY,
 * HTTP_PROXY, NO_PROXY, in either case), as Go's net/http and so kubectl take them. Never for this machine itself.
 *
 * @param named - `proxy-url` of a kubeconfig; empty counts as none
 * @throws FailedError when it is no proxy that can be used
 */
export function proxyFor(
  server: URL,
  named: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): URL | undefined {
  if (named) return parseProxy(named, "the kubeconfig's proxy-url");
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name] || env[name.toLowerCase()];
  if (!proxy || isExempt(server, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined;
  return parseProxy(proxy.includes('://') ? proxy : `http://${proxy}`, name);
}

/** Its text is not quoted: it may hold a password. */
function parseProxy(text: string, from: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && SCHEMES.includes(url.protocol) && url.hostname !== '') return url;
  throw new FailedError(`${from} names no proxy that can be used`, {
    remedy: 'http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT is meant',
  });
}

/** golang.org/x/net/http/httpproxy: names with their subdomains, addresses, blocks of addresses, ports, `*`. */
function isExempt(server: URL, list: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const family = isIP(host);
  if (host === 'localhost' || (family !== 0 && LOOPBACK.check(host, kindOf(host)))) return true;
  for (const word of list.toLowerCase().split(',')) {
    const entry = word.trim();
    if (entry === '*') return true;
    if (entry.includes('/')) {
      if (family !== 0 && inBlock(host, entry)) return true;
      continue;
    }
    const [, name = entry, wanted] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    if (name === '' || (wanted !== undefined && wanted !== port)) continue;
    const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
    if (isIP(bare) !== 0) {
      if (family !== 0 && inBlock(host, `${bare}/${isIP(bare) === 4 ? 32 : 128}`)) return true;
      continue;
    }
    if (host === bare || host.endsWith(bare.startsWith('.') ? bare : `.${bare}`)) return true;
  }
  return false;
}

function inBlock(host: string, block: string): boolean {
  const [network = '', bits = ''] = block.split('/');
  const family = isIP(network);
  const most = family === 4 ? 32 : 128;
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false;
  const blocks = new BlockList();
  blocks.addSubnet(network, Number(bits), kindOf(network));
  return blocks.check(host, kindOf(host));
}

function kindOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
