import { ColdcaseError, DeniedError, FailedError } from '../base/errors.js';
import { type JsonObject, tryJson } from '../base/json.js';
import { number, object, text, texts } from '../base/json-fields.js';
import { shownUrl } from '../base/shown-url.js';
import { besideFile, type Entry } from './kubeconfig-files.js';
import type { LoginContext } from './login-context.js';
import { keepTokens, keptConfig } from './oidc-keep.js';
import { authorityText } from './pem.js';
import { proxyFor } from './proxy.js';
import { readSmallFile } from './read-file.js';
import { type Answer, Transport } from './transport.js';

/** A token that ends sooner is taken for one that has ended, in milliseconds: clocks differ. */
const MARGIN = 10_000;
const PATIENCE = 15_000;
const LONGEST_ANSWER = 1 << 20;

/** What kubectl once had, and says instead since 1.26. */
const REMOVED: Readonly<Record<string, string>> = {
  gcp: 'use the exec plugin gke-gcloud-auth-plugin: gcloud container clusters get-credentials writes it',
  azure: 'use the exec plugin kubelogin: kubelogin convert-kubeconfig rewrites the kubeconfig',
  openstack: 'use the exec plugin client-keystone-auth of cloud-provider-openstack',
};

/** `config` of an auth-provider oidc; secret. */
export type OidcConfig = Readonly<Record<string, string>>;

/** An id-token, and when it ends; secret. */
interface IdToken {
  readonly token: string;
  readonly expires: Date;
}

/** Who is logged in now, and with what: an issuer may take the refresh-token that was used no second time. */
interface OidcLogin extends IdToken {
  readonly config: OidcConfig;
}

/**
 * What a kubeconfig's user has under `auth-provider`, if it is the one that kubectl still has.
 *
 * @throws FailedError for any other
 */
export function readOidc(user: Entry): OidcConfig | undefined {
  const { [`auth-provider`]: given, exec } = user.fields;
  if (given === undefined || given === null) return undefined;
  const provider = object(given);
  const name = text(provider, 'name') ?? '';
  if (name !== 'oidc') {
    throw new FailedError(
      `user ${user.name} logs in by the auth-provider ${name}, which kubectl does not have`,
      {
        remedy: Object.hasOwn(REMOVED, name) ? REMOVED[name] : 'use an exec plugin, or a token',
      },
    );
  }
  if (exec !== undefined && exec !== null) {
    throw new FailedError(`user ${user.name} of the kubeconfig has an auth-provider and an exec plugin`, {
      remedy: 'take one of them out; kubectl refuses both together too',
    });
  }
  const config = texts(provider, 'config');
  for (const needed of ['idp-issuer-url', 'client-id']) {
    if (!config[needed]) throw new FailedError(`the OIDC login of user ${user.name} has no ${needed}`);
  }
  return config;
}

/** The user with what `readOidc` will then find. */
export function withOidc(user: Entry, config: OidcConfig): Entry {
  const provider = { ...object(user.fields, 'auth-provider'), config };
  return { ...user, fields: { ...user.fields, 'auth-provider': provider } };
}

/**
 * The id-token of the kubeconfig as long as it is valid, otherwise one that the issuer gives for the refresh-token
 * (OpenID Connect Core 1.0, section 12). New tokens are written into the kubeconfig, as kubectl does, and are part
 * of what is returned, for the next time: an issuer may take a refresh-token only once. For the same reason, the
 * tokens of the file are taken where kubectl, say, has renewed them since it was read.
 *
 * @throws DeniedError when the login has to be done anew; the signal's reason
 */
export async function oidcLogin(config: OidcConfig, user: Entry, context: LoginContext): Promise<OidcLogin> {
  const kept = valid(config, user) ?? (await renewedByOthers(config, user));
  if (kept) return kept;
  const refresh = config['refresh-token'];
  if (!refresh) throw ended(user, 'its id-token has expired, and there is no refresh-token');
  try {
    const answer = await renew(config, refresh, user, context);
    const token = text(answer, 'id_token');
    if (token === undefined) throw ended(user, 'the issuer renews no id-tokens (scope openid)');
    const fresh = idToken(token, user);
    const tokens = { 'id-token': token, 'refresh-token': text(answer, 'refresh_token') || refresh };
    await keepTokens(user, tokens).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      context.note?.(`the renewed login of user ${user.name} could not be kept in the kubeconfig: ${why}`);
    });
    return { ...fresh, config: { ...config, ...tokens } };
  } catch (error) {
    if (context.signal?.aborted) throw context.signal.reason;
    // whoever was a moment faster has used up the refresh-token
    const meanwhile = await renewedByOthers(config, user);
    if (meanwhile) return meanwhile;
    if (error instanceof DeniedError || !(error instanceof ColdcaseError)) throw error;
    throw ended(user, `it cannot be renewed: ${error.message}`, error);
  }
}

function valid(config: OidcConfig, user: Entry): OidcLogin | undefined {
  if (!config['id-token']) return undefined;
  const kept = idToken(config['id-token'], user);
  return Date.now() + MARGIN < kept.expires.getTime() ? { ...kept, config } : undefined;
}

async function renewedByOthers(config: OidcConfig, user: Entry): Promise<OidcLogin | undefined> {
  const now = await keptConfig(user).catch(() => undefined); // a pipe, say: what was read first is all there is
  return now === undefined || now['id-token'] === config['id-token']
    ? undefined
    : valid({ ...config, ...now }, user);
}

function ended(user: Entry, why: string, cause?: unknown): DeniedError {
  return new DeniedError(`the OIDC login of user ${user.name} has ended: ${why}`, {
    remedy:
      'log in as for kubectl, then try again; idp-certificate-authority names the authority of the issuer',
    cause,
  });
}

async function renew(
  config: OidcConfig,
  refresh: string,
  user: Entry,
  context: LoginContext,
): Promise<JsonObject> {
  const issuer = (config['idp-issuer-url'] ?? '').replace(/\/$/, '');
  const ca = await authority(config, user);
  const discovered = await ask(`${issuer}/.well-known/openid-configuration`, undefined);
  const endpoint = text(tryJson(discovered.body), 'token_endpoint');
  if (discovered.status !== 200 || endpoint === undefined) {
    throw new FailedError(
      `the issuer ${shownUrl(issuer)} does not say where tokens are renewed (${discovered.status})`,
    );
  }
  const [id = '', secret = ''] = [config['client-id'], config['client-secret']];
  const form = { grant_type: 'refresh_token', refresh_token: refresh };
  // RFC 6749, section 2.3.1: by a header, which every server takes; some take only fields of the form
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const byHeader = secret === '' ? undefined : await ask(endpoint, form, { Authorization: `Basic ${basic}` });
  const byForm = { ...form, client_id: id, ...(secret === '' ? {} : { client_secret: secret }) };
  const answer = byHeader?.status === 200 ? byHeader : await ask(endpoint, byForm);
  const said = object(tryJson(answer.body));
  if (answer.status === 200) return said;
  // RFC 6749, section 5.2: a code out of a list, such as invalid_grant
  const code = text(said, 'error');
  const why = code !== undefined && /^[\w.-]{1,64}$/.test(code) ? `${answer.status}, ${code}` : answer.status;
  throw ended(user, `its issuer refuses to renew it (${why})`);

  async function ask(
    address: string,
    body: Record<string, string> | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
    if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback)) {
      throw new FailedError(`the issuer's address ${JSON.stringify(shownUrl(address))} is no https URL`);
    }
    const form = body && { 'content-type': 'application/x-www-form-urlencoded' };
    const transport = new Transport({
      url: new URL(url.origin),
      trust: { kind: 'authority', ca, serverName: undefined },
      headers: { ...headers, ...form },
      proxy: proxyFor(url, undefined, context.env),
    });
    try {
      return await transport.request({
        method: body ? 'POST' : 'GET',
        path: url.pathname + url.search,
        body: body && new URLSearchParams(body).toString(),
        timeout: PATIENCE,
        limit: LONGEST_ANSWER,
        signal: context.signal,
      });
    } finally {
      await transport.close();
    }
  }
}

async function authority(config: OidcConfig, user: Entry): Promise<string | undefined> {
  const data = config['idp-certificate-authority-data'];
  const path = config['idp-certificate-authority'];
  if (!data && !path) return undefined;
  const what = `idp-certificate-authority of user ${user.name}`;
  const pem = data
    ? Buffer.from(data, 'base64').toString('utf8')
    : await readSmallFile(besideFile(user, path ?? ''), 'certificate authority of the issuer');
  return authorityText(pem, what);
}

/** The end of a token's life is all that matters here: whether it is genuine is for the API server to say. */
function idToken(token: string, user: Entry): IdToken {
  const [, payload = '', signature] = token.split('.');
  const claims = tryJson(Buffer.from(payload, 'base64url').toString('utf8'));
  const seconds = number(claims, 'exp');
  if (signature === undefined || seconds === undefined) throw ended(user, 'its id-token is no JWT');
  return { token, expires: new Date(seconds * 1000) };
}
