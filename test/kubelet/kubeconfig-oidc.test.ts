import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ExitCode } from '../../src/base/errors.js';
import { type RunningServer, serveHttps } from '../../src/kubelet/embedded/server.js';
import { type Authority, createAuthority, issue } from '../../src/kubelet/embedded/x509.js';
import { openKubeconfig } from '../../src/kubelet/kubeconfig.js';
import { FOUND, failure, kubeconfigScene } from '../support/kubelet/kubeconfig-scene.js';

const FRESH = jwt(Date.now() / 1000 + 3600);
const ENDED = jwt(Date.now() / 1000 - 60);
const scene = kubeconfigScene({ tokens: { [FRESH]: 'admin' } });
const { kubeconfig, checkpoint } = scene;

/** An issuer that renews, and what it was sent. */
let issuer: RunningServer;
let authority: Authority;
let asked: { authorization: string | undefined; form: Record<string, string> }[];
let answers: { status: number; body: object }[];
/** What it says of itself, where that is not as it should be. */
let discovery: { status: number; body: object } | undefined;
let onToken: () => void;

function jwt(exp: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'admin', exp: Math.floor(exp) })}.c2lnbmVk`;
}

beforeAll(async () => {
  authority = createAuthority('idp authority');
  const serving = issue(authority, { subject: { commonName: 'idp' }, names: ['127.0.0.1'], usage: 'server' });
  issuer = await serveHttps({ serving, clientAuthority: authority.cert }, async ({ url }, { request }) => {
    const reply = (status: number, body: object) => ({
      status,
      type: 'application/json',
      body: JSON.stringify(body),
    });
    if (discovery) return reply(discovery.status, discovery.body);
    if (url.pathname === '/realm/.well-known/openid-configuration')
      return reply(200, { issuer: 'x', token_endpoint: `${issuer.url}/token` });
    if (url.pathname !== '/token') return reply(404, {});
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = Object.fromEntries(new URLSearchParams(body));
    onToken();
    asked.push({ authorization: request.headers.authorization, form });
    const { status, body: said } = answers.shift() ?? { status: 500, body: {} };
    return reply(status, said);
  });
});
afterAll(() => issuer.close());
beforeEach(() => {
  asked = [];
  answers = [];
  discovery = undefined;
  onToken = () => undefined;
});

function oidc(config: object = {}): string {
  return kubeconfig({
    'auth-provider': {
      name: 'oidc',
      config: {
        'idp-issuer-url': `${issuer.url}/realm/`,
        'client-id': 'kubernetes',
        'client-secret': 'client secret',
        'idp-certificate-authority-data': Buffer.from(authority.cert).toString('base64'),
        'id-token': ENDED,
        'refresh-token': 'refresh-1',
        ...config,
      },
    },
  });
}

/** The tokens that a kubeconfig holds. */
function kept(path: string): Record<string, string> {
  return parse(readFileSync(path, 'utf8')).users[0].user['auth-provider'].config;
}

test('an id-token is used as long as it is valid', async () => {
  expect(await checkpoint(oidc({ 'id-token': FRESH }))).toEqual(FOUND);
  expect(asked).toEqual([]);
});

test('one that ends in a moment is renewed', async () => {
  answers = [{ status: 200, body: { id_token: FRESH } }];
  expect(await checkpoint(oidc({ 'id-token': jwt(Date.now() / 1000 + 6) }))).toEqual(FOUND);
  expect(asked).toHaveLength(1);
});

test.runIf(process.getuid?.() === 0)('the kubeconfig stays the one of its owner', async () => {
  answers = [{ status: 200, body: { id_token: FRESH } }];
  const path = oidc();
  chownSync(path, 12345, 23456);
  expect(await checkpoint(path)).toEqual(FOUND);
  expect(kept(path)['id-token']).toBe(FRESH);
  expect([statSync(path).uid, statSync(path).gid]).toEqual([12345, 23456]);
  rmSync(path);
});

test('one that has ended is renewed at the issuer, and both tokens kept as kubectl keeps them', async () => {
  answers = [{ status: 200, body: { id_token: FRESH, refresh_token: 'refresh-2', access_token: 'x' } }];
  const path = oidc();
  expect(await checkpoint(path)).toEqual(FOUND);
  const basic = `Basic ${Buffer.from('kubernetes:client%20secret').toString('base64')}`;
  expect(asked).toEqual([
    { authorization: basic, form: { grant_type: 'refresh_token', refresh_token: 'refresh-1' } },
  ]);
  expect(kept(path)).toMatchObject({
    'id-token': FRESH,
    'refresh-token': 'refresh-2',
    'client-id': 'kubernetes',
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a client without a secret, one whose issuer wants it in the form, and a CA file', async () => {
  answers = [{ status: 200, body: { id_token: FRESH } }];
  scene.file('idp.crt', authority.cert);
  const file = { 'idp-certificate-authority-data': '', 'idp-certificate-authority': 'idp.crt' };
  const path = oidc({ 'client-secret': '', ...file });
  expect(await checkpoint(path)).toEqual(FOUND);
  expect(asked[0]).toEqual({
    authorization: undefined,
    form: { grant_type: 'refresh_token', refresh_token: 'refresh-1', client_id: 'kubernetes' },
  });
  expect(kept(path)['refresh-token']).toBe('refresh-1');
  answers = [
    { status: 401, body: { error: 'invalid_client' } },
    { status: 200, body: { id_token: FRESH } },
  ];
  expect(await checkpoint(oidc())).toEqual(FOUND);
  expect(asked[2]?.form).toMatchObject({ client_id: 'kubernetes', client_secret: 'client secret' });
});

describe('refused', () => {
  test.each<[string, object, { status: number; body: object } | undefined, string]>([
    ['without a refresh-token', { 'refresh-token': '' }, undefined, 'there is no refresh-token'],
    ['with no token at all', { 'id-token': '', 'refresh-token': '' }, undefined, 'no refresh-token'],
    ['that is no JWT', { 'id-token': 'SECRET' }, undefined, 'its id-token is no JWT'],
    [
      'that the issuer does not renew',
      { 'refresh-token': 'SECRET', 'client-secret': '' },
      { status: 400, body: { error: 'invalid_grant', error_description: 'SECRET' } },
      'refuses to renew it (400, invalid_grant)',
    ],
    ['with no id-token in the answer', {}, { status: 200, body: { access_token: 'SECRET' } }, 'scope openid'],
    ['of an issuer by plain http', { 'idp-issuer-url': 'http://idp.x' }, undefined, 'is no https URL'],
    [
      'of an issuer that is not there',
      { 'idp-issuer-url': 'https://127.0.0.1:1' },
      undefined,
      'nothing listens',
    ],
    ['of an unknown authority', { 'idp-certificate-authority-data': '' }, undefined, 'not known here'],
    ['without issuer', { 'idp-issuer-url': '' }, undefined, 'has no idp-issuer-url'],
  ])('a login %s', async (_, config, reply, message) => {
    if (reply) answers = [reply];
    const error = await failure(checkpoint(oidc(config)));
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, error.remedy, error.more])).not.toContain('SECRET');
  });

  test('a login that ended needs a new one, exit code 3', async () => {
    const error = await failure(checkpoint(oidc({ 'refresh-token': '' })));
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.remedy).toContain('log in as for kubectl');
  });

  test.each([
    ['gcp', 'gke-gcloud-auth-plugin'],
    ['azure', 'kubelogin convert-kubeconfig'],
    ['openstack', 'client-keystone-auth'],
    ['mine', 'exec plugin'],
  ])('the auth-provider %s, which kubectl has no more', async (name, remedy) => {
    const config = {
      'cmd-path': '/bin/touch',
      'cmd-args': `${scene.directory}/run`,
      'access-token': 'SECRET',
    };
    const error = await failure(checkpoint(kubeconfig({ 'auth-provider': { name, config } })));
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toBe(`user u logs in by the auth-provider ${name}, which kubectl does not have`);
    expect(error.remedy).toContain(remedy);
  });

  test('an auth-provider and an exec plugin together', async () => {
    const user = { 'auth-provider': { name: 'oidc', config: {} }, exec: { command: 'x' } };
    expect((await failure(checkpoint(kubeconfig(user)))).message).toContain(
      'has an auth-provider and an exec',
    );
  });
});

describe('a login that is renewed more than once', () => {
  const opened = async (path: string, notes: string[] = []) =>
    openKubeconfig([path], undefined, { note: (line) => notes.push(line) });

  test('sends the refresh-token that it was given last, also where it cannot be kept', async () => {
    const notes: string[] = [];
    const path = oidc({ 'client-secret': '' });
    answers = [
      { status: 200, body: { id_token: ENDED, refresh_token: 'refresh-2' } },
      { status: 200, body: { id_token: FRESH, refresh_token: '' } },
    ];
    writeFileSync(`${path}.lock`, '');
    const { connection } = await opened(path, notes);
    rmSync(`${path}.lock`);
    expect(notes).toEqual([expect.stringMatching(/could not be kept.*config\.lock is there/)]);
    expect(kept(path)['refresh-token']).toBe('refresh-1');
    await connection.renewal?.renew();
    expect(asked.map(({ form }) => form['refresh_token'])).toEqual(['refresh-1', 'refresh-2']);
    // an empty one is none: the one that was used stays
    expect(kept(path)).toMatchObject({ 'id-token': FRESH, 'refresh-token': 'refresh-2' });
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('takes what kubectl has renewed meanwhile', async () => {
    const path = oidc();
    answers = [{ status: 200, body: { id_token: ENDED, refresh_token: 'refresh-2' } }];
    const { connection } = await opened(path);
    writeFileSync(path, readFileSync(path, 'utf8').replace(ENDED, FRESH));
    const renewed = await connection.renewal?.renew();
    expect(renewed?.headers?.['Authorization']).toBe(`Bearer ${FRESH}`);
    expect(asked).toHaveLength(1);
  });

  test('takes it also where the issuer has refused the refresh-token that kubectl used first', async () => {
    const path = oidc({ 'client-secret': '' });
    onToken = () => writeFileSync(path, readFileSync(path, 'utf8').replace(ENDED, FRESH));
    answers = [{ status: 400, body: { error: 'invalid_grant' } }];
    expect((await opened(path)).connection.headers?.['Authorization']).toBe(`Bearer ${FRESH}`);
  });
});

test('the kubeconfig keeps its comments, its mode and the link to it', async () => {
  answers = [{ status: 200, body: { id_token: FRESH } }];
  const path = oidc();
  writeFileSync(path, `# of the cluster team\n${readFileSync(path, 'utf8')}`);
  chmodSync(path, 0o640);
  const link = `${path}.link`;
  symlinkSync(path, link);
  expect(await checkpoint(link)).toEqual(FOUND);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(path, 'utf8')).toContain('# of the cluster team');
  expect(kept(path)['id-token']).toBe(FRESH);
  expect(statSync(path).mode & 0o777).toBe(0o640);
  rmSync(link);
});

test('an authority of the issuer that is none is not taken for the authorities of the system', async () => {
  for (const data of ['!!!', Buffer.from('nonsense').toString('base64')]) {
    const error = await failure(checkpoint(oidc({ 'idp-certificate-authority-data': data })));
    expect(error.message).toContain('idp-certificate-authority of user u holds no PEM certificate');
  }
});

test.each([
  ['redirects', { status: 302, body: {}, headers: { location: 'https://127.0.0.1:1/' } }, '(302)'],
  [
    'answers too much',
    { status: 200, body: { token_endpoint: 'https://127.0.0.1:1/', pad: 'x'.repeat(2 << 20) } },
    'cannot be renewed',
  ],
  ['names plain http', { status: 200, body: { token_endpoint: 'http://idp.x/' } }, 'is no https URL'],
  ['names no URL', { status: 200, body: { token_endpoint: 'SECRET' } }, 'is no https URL'],
  ['names nothing', { status: 200, body: [] }, 'does not say where'],
])('an issuer that %s', async (_, reply, message) => {
  discovery = reply;
  const error = await failure(checkpoint(oidc()));
  expect(error.exitCode).toBe(ExitCode.denied);
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('nothing listens'); // it was not even asked
  expect(asked).toEqual([]);
});
