import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ExitCode } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { createAuthority, issue } from '../../src/kubelet/embedded/x509.js';
import { resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { FOUND, failure, kubeconfigScene, TARGET as target } from '../support/kubelet/kubeconfig-scene.js';

let down = false;
const scene = kubeconfigScene({
  allowed: (user) => user !== 'bob',
  get kubeletDown() {
    return down;
  },
});
const { kubeconfig, checkpoint } = scene;

test('a client certificate inline, and by a relative path', async () => {
  const issued = issue(scene.server.authority, { subject: { commonName: 'admin' }, usage: 'client' });
  const inline = {
    'client-certificate-data': Buffer.from(issued.cert).toString('base64'),
    'client-key-data': Buffer.from(issued.key).toString('base64'),
  };
  expect(await checkpoint(kubeconfig(inline))).toEqual(FOUND);
  writeFileSync(join(scene.directory, 'admin.crt'), issued.cert);
  writeFileSync(join(scene.directory, 'admin.key'), issued.key);
  const byPath = { 'client-certificate': 'admin.crt', 'client-key': 'admin.key' };
  expect(await checkpoint(kubeconfig(byPath))).toEqual(FOUND);
  expect(scene.server.requests.at(-1)).toBe(
    'POST /api/v1/nodes/node-a/proxy/checkpoint/prod/payments-node-a/cache?timeout=30',
  );
});

test('a token inline, and a token file', async () => {
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }))).toEqual(FOUND);
  writeFileSync(join(scene.directory, 'token'), 'admin-token\n');
  expect(await checkpoint(kubeconfig({ tokenFile: 'token' }))).toEqual(FOUND);
  // the file is what is renewed; the token stands in for it
  expect(await checkpoint(kubeconfig({ tokenFile: 'token', token: 'old' }))).toEqual(FOUND);
  expect(await checkpoint(kubeconfig({ tokenFile: 'gone', token: 'admin-token' }))).toEqual(FOUND);
  const bad = await failure(checkpoint(kubeconfig({ token: 'SECRET\nSECRET' })));
  expect(bad.exitCode).toBe(ExitCode.denied);
  expect(JSON.stringify([bad.message, bad.remedy, bad.more])).not.toContain('SECRET');
});

test('a token file that is written anew while coldcase runs', async () => {
  const path = scene.file('rotated', 'admin-token');
  const config = kubeconfig({ tokenFile: 'rotated' });
  writeFileSync(path, 'ended-token');
  const client = KubeletClient.connect(await resolveEndpoint({ kubeconfig: config, node: 'node-a' }));
  writeFileSync(path, 'admin-token');
  expect(await client.healthz()).toBe('ok');
  await client.close();
});

test('a user name and password, and impersonation, go as the headers of kubectl', async () => {
  const headersOf = async (user: object) =>
    (await resolveEndpoint({ kubeconfig: kubeconfig(user), node: 'node-a' })).connection.headers;
  const basic = await headersOf({ username: 'ada', password: 'pass:word' });
  expect(basic).toEqual({
    Authorization: `Basic ${Buffer.from('ada:pass:word').toString('base64')}`,
  });
  const as = await headersOf({ token: 'admin-token', as: 'eve', 'as-uid': '7', 'as-groups': ['ops', 'ir'] });
  expect(as).toEqual({
    Authorization: 'Bearer admin-token',
    'Impersonate-User': 'eve',
    'Impersonate-Uid': '7',
    'Impersonate-Group': ['ops', 'ir'],
  });
  const extra = await headersOf({
    token: 'admin-token',
    as: 'zo\u00eb',
    'as-groups': ['zo\u00eb'],
    'as-user-extra': { 'example.org/reason%': ['a', 'b'] },
  });
  expect(extra).toEqual({
    Authorization: 'Bearer admin-token',
    'Impersonate-User': Buffer.from('zo\u00eb').toString('latin1'),
    'Impersonate-Group': [Buffer.from('zo\u00eb').toString('latin1')],
    'Impersonate-Extra-example.org%2Freason%25': ['a', 'b'],
  });
  const nobody = await failure(checkpoint(kubeconfig({ token: 'admin-token', 'as-groups': ['ops'] })));
  expect(nobody.message).toContain('but no user');
  const both = await failure(checkpoint(kubeconfig({ token: 'a', username: 'ada', password: 'b' })));
  expect(both.message).toBe('user u of the kubeconfig has a token and a password');
});

test('several files: the first that has a name wins, whole; paths are relative to the file that has them', async () => {
  const sub = join(scene.directory, 'sub');
  mkdirSync(sub);
  writeFileSync(join(sub, 'token'), 'admin-token');
  const cluster = {
    server: scene.server.url,
    'certificate-authority-data': Buffer.from(scene.server.authority.cert).toString('base64'),
  };
  const first = scene.file(
    'first',
    stringify({
      'current-context': '',
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'other', user: { token: 'x' } }, { nonsense: true }],
    }),
  );
  const second = join(sub, 'second');
  writeFileSync(
    second,
    stringify({
      'current-context': 'main',
      contexts: [
        { name: 'main', context: { cluster: 'nowhere', user: 'nobody' } },
        { name: 'aside', context: { cluster: 'c', user: 'other' } },
      ],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { tokenFile: 'token' } }],
    }),
  );
  const third = scene.file(
    'third',
    stringify({ 'current-context': 'x', clusters: [{ name: 'c', cluster: {} }] }),
  );
  const env = { KUBECONFIG: [first, second, '/nowhere', '', third, first].join(':') };
  const endpoint = await resolveEndpoint({ node: 'node-a' }, { env });
  expect(endpoint.credentials).toBe(`kubeconfig ${first}, ${second}, ${third}, context main, user u`);
  const client = KubeletClient.connect(endpoint);
  expect(await client.healthz()).toBe('ok');
  await client.close();
  const aside = await resolveEndpoint({ node: 'node-a', context: 'aside' }, { env });
  expect(aside.connection.headers).toEqual({ Authorization: 'Bearer x' });
  const none = await failure(
    resolveEndpoint({ node: 'node-a' }, { env: { KUBECONFIG: '/nowhere:/nor/here' } }),
  );
  expect([none.exitCode, none.message]).toEqual([ExitCode.notFound, 'kubeconfig /nowhere does not exist']);
});

test('another name in the certificate, an authority by a relative path, and a server by plain http', async () => {
  scene.file('ca.crt', scene.server.authority.cert);
  const byPath = { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' };
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }, byPath))).toEqual(FOUND);
  const { port } = new URL(scene.server.url);
  const named = { ...byPath, server: `https://localhost:${port}` };
  const refused = await failure(checkpoint(kubeconfig({ token: 'admin-token' }, named)));
  expect(refused.exitCode).toBe(ExitCode.unsafe);
  const as = { ...named, 'tls-server-name': '127.0.0.1' };
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }, as))).toEqual(FOUND);
  const plain = kubeconfig({ token: 'admin-token', as: 'eve' }, { server: 'http://127.0.0.1:8001' });
  const { connection } = await resolveEndpoint({ kubeconfig: plain, node: 'node-a' });
  // kubectl proxy logs in itself; a token has no business on a line that anybody may listen to
  expect(connection.headers).toEqual({ 'Impersonate-User': 'eve' });
  const far = await failure(checkpoint(kubeconfig({ token: 'x' }, { server: 'http://api:80' })));
  expect(far.message).toContain('is no https URL');
});

test('the node is found from the pod', async () => {
  const client = KubeletClient.connect(
    await resolveEndpoint({ kubeconfig: kubeconfig({ token: 'admin-token' }) }),
  );
  const pod = await client.pod(target);
  expect(pod.nodeName).toBe('node-a');
  expect(pod.containers.map(({ name, kind, state }) => `${kind} ${name} ${state}`)).toEqual([
    'init migrate terminated',
    'container api running',
    'container cache running',
    'container once terminated',
    'ephemeral debugger running',
  ]);
  const onNode = client.onNode('node-a');
  expect((await onNode.checkpoint(target, { timeout: undefined, requestTimeout: 5000 })).items).toEqual(
    FOUND,
  );
  expect(await onNode.nodeInfo()).toMatchObject({ kubeletVersion: 'v1.36.0' });
  await client.close();
});

test('its errors are told apart', async () => {
  const forbidden = await failure(checkpoint(kubeconfig({ token: 'bob-token' })));
  expect(forbidden.exitCode).toBe(ExitCode.denied);
  expect(forbidden.message).toBe('user bob may not create nodes/proxy');
  expect(forbidden.more.join('\n')).toContain('resources: ["nodes/proxy"]\n  verbs: ["create"]');

  const stranger = await failure(checkpoint(kubeconfig({ token: 'who' })));
  expect(stranger.exitCode).toBe(ExitCode.denied);
  expect(stranger.message).toContain('401');

  const node = await failure(checkpoint(kubeconfig({ token: 'admin-token' }), { node: 'nope' }));
  expect(node.exitCode).toBe(ExitCode.notFound);
  expect(node.message).toContain('nodes "nope" not found');

  const client = KubeletClient.connect(
    await resolveEndpoint({ kubeconfig: kubeconfig({ token: 'admin-token' }) }),
  );
  const pod = await failure(client.pod({ ...target, pod: 'nope' }));
  await client.close();
  expect(pod.exitCode).toBe(ExitCode.notFound);
  expect(pod.message).toContain('pods "nope" not found');

  down = true;
  const unreachable = await failure(checkpoint(kubeconfig({ token: 'admin-token' })));
  down = false;
  expect(unreachable.exitCode).toBe(ExitCode.failed);
  expect(unreachable.message).toContain('cannot reach the node');
});

test('no kubeconfig, a broken one, a context that is not there', async () => {
  expect((await failure(checkpoint('/nowhere'))).exitCode).toBe(ExitCode.notFound);
  const broken = join(scene.directory, 'broken');
  writeFileSync(broken, 'a: [');
  expect((await failure(checkpoint(broken))).message).toContain('is no kubeconfig');
  writeFileSync(broken, 'users:\n  - token: SECRET\n bad');
  const quoting = await failure(checkpoint(broken));
  expect(`${quoting.message} ${quoting.cause}`).not.toContain('SECRET');
  writeFileSync(broken, '');
  expect((await failure(checkpoint(broken))).exitCode).toBe(ExitCode.failed);
  const context = await failure(checkpoint(kubeconfig({ token: 'admin-token' }), { context: 'other' }));
  expect(context.exitCode).toBe(ExitCode.notFound);
  expect(context.remedy).toBe('it has: main');
});

test('an authority that is none is not taken for the authorities of the system', async () => {
  const user = { token: 'admin-token' };
  scene.file('empty.crt', '');
  for (const cluster of [
    { 'certificate-authority-data': '!!!' },
    { 'certificate-authority-data': undefined, 'certificate-authority': 'empty.crt' },
  ]) {
    const error = await failure(checkpoint(kubeconfig(user, cluster)));
    expect(error.message).toBe(
      'certificate-authority of cluster c in the kubeconfig holds no PEM certificate',
    );
  }
});

test('a password in the address of a server is not quoted', async () => {
  for (const server of ['https://ada:SECRET@api', 'http://ada:SECRET@api', 'ada:SECRET@a pi']) {
    const error = await failure(checkpoint(kubeconfig({ token: 'x' }, { server })));
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(JSON.stringify([error.message, error.remedy, error.more])).not.toContain('SECRET');
  }
});

test('a kubeconfig whose alias leads back to where it stands', async () => {
  const path = scene.file('circle', 'contexts: &a [{ name: x, context: *a }]');
  expect((await failure(checkpoint(path))).message).toContain('leads back to where it stands');
});

test('an API server with a certificate of another authority is refused', async () => {
  const other = Buffer.from(createAuthority('another').cert).toString('base64');
  const error = await failure(
    checkpoint(kubeconfig({ token: 'admin-token' }, { 'certificate-authority-data': other })),
  );
  expect(error.exitCode).toBe(ExitCode.unsafe);
  const both = await failure(
    checkpoint(kubeconfig({ token: 'admin-token' }, { 'insecure-skip-tls-verify': true })),
  );
  expect(both.message).toContain('has a certificate authority, and is not to be verified');
  const insecure = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }, insecure))).toEqual(FOUND);
});
