import { DeniedError, FailedError } from '../base/errors.js';
import { text } from '../base/json-fields.js';
import { shownUrl } from '../base/shown-url.js';
import { execLogin } from './exec-login.js';
import { execPlugin } from './exec-plugin.js';
import { impersonation } from './impersonation.js';
import { besideFile, type ChosenContext, chooseContext, type Entry } from './kubeconfig-files.js';
import type { LoginContext } from './login-context.js';
import { oidcLogin, readOidc, withOidc } from './oidc-login.js';
import { authorityText, clientCertificate } from './pem.js';
import { proxyFor } from './proxy.js';
import { readSmallFile } from './read-file.js';
import type { Connection } from './transport.js';

/** A way to an API server, and what it is called in the kubeconfig. */
export interface ApiServer {
  readonly connection: Connection;
  readonly context: string;
  readonly user: string;
  readonly files: readonly string[];
}

/**
 * Reads kubeconfig files and logs in as kubectl would: client certificates inline or by path, tokens, passwords,
 * exec plugins (which are run here), OIDC; through the proxy that is named there or by the environment.
 *
 * @throws UsageError, NotFoundError, FailedError; DeniedError when a login fails
 */
export async function openKubeconfig(
  files: readonly string[],
  context?: string,
  login: LoginContext = {},
): Promise<ApiServer> {
  const chosen = await chooseContext(files, context, login.signal);
  const connection = await connect(chosen, login);
  return { connection, context: chosen.context, user: chosen.user.name, files: chosen.files };
}

async function connect(chosen: ChosenContext, context: LoginContext): Promise<Connection> {
  const { cluster, user } = chosen;
  const url = apiServerUrl(text(cluster.fields, 'server') ?? '');
  const proxy = proxyFor(url, text(cluster.fields, 'proxy-url'), context.env);
  const server = { url, proxy, trust: await trustOf(cluster) } as const;
  // to a server that cannot prove itself, nothing secret is sent: as kubectl does with one that kubectl proxy serves
  if (url.protocol === 'http:') return { ...server, headers: impersonation(user) };
  const login = await logIn(server, chosen, context);
  const headers = { ...login.headers, ...impersonation(user) };
  const next = { ...chosen, user: login.user ?? user };
  const renewal = login.renewable
    ? { expires: login.expires, renew: () => connect(next, context) }
    : undefined;
  return { ...server, cert: login.cert, key: login.key, headers, renewal };
}

async function trustOf(cluster: Entry): Promise<Connection['trust']> {
  const pem = await pemOf(cluster, 'certificate-authority', 'certificate authority');
  const ca =
    pem === undefined
      ? undefined
      : authorityText(pem, `certificate-authority of cluster ${cluster.name} in the kubeconfig`);
  if (cluster.fields['insecure-skip-tls-verify'] === true) {
    if (ca === undefined) return { kind: 'none' };
    throw new FailedError(
      `cluster ${cluster.name} of the kubeconfig has a certificate authority, and is not to be verified`,
      { remedy: 'take out insecure-skip-tls-verify; kubectl refuses both together too' },
    );
  }
  return { kind: 'authority', ca, serverName: text(cluster.fields, 'tls-server-name') || undefined };
}

interface Login {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Doing the same again may give other credentials. */
  readonly renewable: boolean;
  /** What to do that with, when it is no longer what the kubeconfig held. */
  readonly user?: Entry | undefined;
  readonly expires?: Date | undefined;
}

/** Token before password, both before any helper, as client-go's rest and transport packages have it. */
async function logIn(
  server: Pick<Connection, 'url' | 'proxy' | 'trust'>,
  { cluster, user }: ChosenContext,
  context: LoginContext,
): Promise<Login> {
  const own = await ownCredentials(user);
  const provider = readOidc(user);
  if (own !== undefined && provider === undefined) return own;
  if (provider !== undefined) {
    // a token or a password is what it would only replace
    if (own?.headers['Authorization'] !== undefined) return own;
    const { token, expires, config } = await oidcLogin(provider, user, context);
    const headers = { Authorization: bearer(token, user) };
    return { ...own, headers, renewable: true, expires, user: withOidc(user, config) };
  }
  if (user.fields['exec'] === undefined || user.fields['exec'] === null)
    return { headers: {}, renewable: false };
  const answer = await execLogin(execPlugin(user, cluster, server), { signal: context.signal });
  const pair = answer.cert === undefined ? undefined : pairOf(answer.cert, answer.key ?? '', user);
  const headers: Login['headers'] =
    answer.token === undefined ? {} : { Authorization: bearer(answer.token, user) };
  return { headers, cert: pair?.cert, key: pair?.key, renewable: true, expires: answer.expires };
}

/** What stands in the kubeconfig itself, or in files that it names. */
async function ownCredentials(user: Entry): Promise<Login | undefined> {
  const token = text(user.fields, 'token') ?? '';
  const file = text(user.fields, 'tokenFile') ?? '';
  const [name, password] = [text(user.fields, 'username') ?? '', text(user.fields, 'password') ?? ''];
  const basic = name !== '' || password !== '';
  if (basic && token + file !== '') {
    throw new FailedError(`user ${user.name} of the kubeconfig has a token and a password`, {
      remedy: 'take one of them out; kubectl refuses both together too',
    });
  }
  const cert = await pemOf(user, 'client-certificate', 'client certificate');
  const key = await pemOf(user, 'client-key', 'client key');
  const pair = cert === undefined ? undefined : pairOf(cert, key ?? '', user);
  const headers: Record<string, string> = {};
  // the file is what is renewed, the token what it once held
  const held = file === '' ? token : await tokenIn(besideFile(user, file), token);
  if (held !== '') headers['Authorization'] = bearer(held, user);
  if (basic) headers['Authorization'] = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  if (pair === undefined && headers['Authorization'] === undefined) return undefined;
  return { headers, cert: pair?.cert, key: pair?.key, renewable: file !== '' };
}

async function tokenIn(path: string, otherwise: string): Promise<string> {
  try {
    return await readSmallFile(path, 'token file');
  } catch (error) {
    if (otherwise !== '') return otherwise;
    throw error;
  }
}

/** What `NAME-data` holds in base64, or the file that `NAME` names. */
async function pemOf(entry: Entry, name: string, what: string): Promise<string | undefined> {
  const data = text(entry.fields[`${name}-data`]) ?? '';
  const path = text(entry.fields[name]) ?? '';
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return path === '' ? undefined : readSmallFile(besideFile(entry, path), what);
}

function pairOf(cert: string, key: string, user: Entry): { cert: string; key: string } {
  const from = `user ${user.name} of the kubeconfig`;
  return clientCertificate(cert, key, { cert: from, key: from });
}

/** Checked here: what cannot be sent as a header would be quoted by the error of whoever tried. */
function bearer(token: string, user: Entry): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return `Bearer ${trimmed}`;
  throw new DeniedError(`the token of user ${user.name} of the kubeconfig cannot be sent`, {
    remedy: 'a token is one word of printable characters: log in again with what made it',
  });
}

function apiServerUrl(server: string): URL {
  const full = server.includes('://') ? server : `https://${server}`;
  const url = server !== '' && URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol === 'https:' && url.username + url.password === '') return url;
  // kubectl proxy listens so
  if (url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return url;
  if (url?.protocol === 'https:') {
    throw new FailedError("the kubeconfig's server has a name or password in its URL", {
      remedy: 'write them as username and password of the user',
    });
  }
  throw new FailedError(`the kubeconfig's server ${JSON.stringify(shownUrl(full))} is no https URL`, {
    remedy: 'http is taken only for this machine itself, where kubectl proxy listens',
  });
}
