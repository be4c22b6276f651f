import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ColdcaseError, ExitCode } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { issue } from '../../src/kubelet/embedded/x509.js';
import { resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { execLogin } from '../../src/kubelet/exec-login.js';
import { type StandInApiServer, startApiServer } from '../support/kubelet/api-server.js';

let scratch: string;
let server: StandInApiServer;
let down = false;

const target = { namespace: 'prod', pod: 'payments-node-a', container: 'cache' };

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'coldcase-kubeconfig-'));
  server = await startApiServer({
    kubelet: { checkpoint: async () => '/var/lib/kubelet/checkpoints/checkpoint-x.tar' },
    allowed: (user) => user !== 'bob',
    get kubeletDown() {
      return down;
    },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(scratch, { recursive: true });
});

function kubeconfig(user: object, cluster: object = {}): string {
  const path = join(scratch, 'config');
  const ca = Buffer.from(server.authority.cert).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': ca, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(path, stringify(config));
  return path;
}

async function checkpoint(
  path: string,
  flags: { node?: string; context?: string } = { node: 'node-a' },
): Promise<readonly string[]> {
  const client = KubeletClient.connect(await resolveEndpoint({ kubeconfig: path, ...flags }));
  try {
    return (await client.checkpoint(target, { timeout: 30, requestTimeout: 5000 })).items;
  } finally {
    await client.close();
  }
}

async function failure(promise: Promise<unknown>): Promise<ColdcaseError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ColdcaseError) return error;
  throw error;
}

const FOUND = ['/var/lib/kubelet/checkpoints/checkpoint-x.tar'];

test('a client certificate inline, and by a relative path', async () => {
  const issued = issue(server.authority, { subject: { commonName: 'admin' }, usage: 'client' });
  const inline = {
    'client-certificate-data': Buffer.from(issued.cert).toString('base64'),
    'client-key-data': Buffer.from(issued.key).toString('base64'),
  };
  expect(await checkpoint(kubeconfig(inline))).toEqual(FOUND);
  writeFileSync(join(scratch, 'admin.crt'), issued.cert);
  writeFileSync(join(scratch, 'admin.key'), issued.key);
  const byPath = { 'client-certificate': 'admin.crt', 'client-key': 'admin.key' };
  expect(await checkpoint(kubeconfig(byPath))).toEqual(FOUND);
  expect(server.requests.at(-1)).toBe(
    'POST /api/v1/nodes/node-a/proxy/checkpoint/prod/payments-node-a/cache?timeout=30',
  );
});

test('a token inline, and a token file', async () => {
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }))).toEqual(FOUND);
  writeFileSync(join(scratch, 'token'), 'admin-token\n');
  expect(await checkpoint(kubeconfig({ tokenFile: 'token' }))).toEqual(FOUND);
});

test('an exec plugin, named relative to the kubeconfig, is told what it is asked for', async () => {
  const script = `#!/bin/sh
case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 9 ;; esac
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'"$1"'"}}'
`;
  writeFileSync(join(scratch, 'login'), script, { mode: 0o755 });
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './login', args: ['admin-token'] };
  expect(await checkpoint(kubeconfig({ exec }))).toEqual(FOUND);
});

test('an exec plugin that fails, is missing, or answers nonsense', async () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1' };
  const script = '#!/bin/sh\necho "please log in first" >&2\nexit 1\n';
  writeFileSync(join(scratch, 'fails'), script, { mode: 0o755 });
  const failed = await failure(checkpoint(kubeconfig({ exec: { ...exec, command: './fails' } })));
  expect(failed.exitCode).toBe(ExitCode.denied);
  expect(failed.more).toEqual(['please log in first']);
  const missing = { ...exec, command: 'no-such-login-helper', installHint: 'get it at the desk' };
  const absent = await failure(checkpoint(kubeconfig({ exec: missing })));
  expect(absent.exitCode).toBe(ExitCode.notFound);
  expect(absent.remedy).toBe('get it at the desk');
  const nonsense = await failure(
    checkpoint(kubeconfig({ exec: { ...exec, command: 'echo', args: ['SECRET'] } })),
  );
  expect(JSON.stringify([nonsense.message, nonsense.more])).not.toContain('SECRET');
});

test('an exec plugin that hangs is ended', async () => {
  const started = performance.now();
  // its child holds on to the pipe
  const error = await failure(execLogin({ command: 'sh', args: ['-c', 'sleep 30; :'] }, 'u', 300));
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(error.exitCode).toBe(ExitCode.denied);
  expect(error.message).toMatch(/^the login helper sh of user u did not end within .*, and was ended$/);
});

test('a client certificate of an exec plugin', async () => {
  const issued = issue(server.authority, { subject: { commonName: 'admin' }, usage: 'client' });
  const status = { clientCertificateData: issued.cert, clientKeyData: issued.key };
  const answer = { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status };
  writeFileSync(join(scratch, 'answer.json'), JSON.stringify(answer));
  const exec = { apiVersion: answer.apiVersion, command: 'cat', args: [join(scratch, 'answer.json')] };
  expect(await checkpoint(kubeconfig({ exec }))).toEqual(FOUND);
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
  const broken = join(scratch, 'broken');
  writeFileSync(broken, 'a: [');
  expect((await failure(checkpoint(broken))).message).toContain('is no kubeconfig');
  writeFileSync(broken, '');
  expect((await failure(checkpoint(broken))).exitCode).toBe(ExitCode.failed);
  const context = await failure(checkpoint(kubeconfig({ token: 'admin-token' }), { context: 'other' }));
  expect(context.exitCode).toBe(ExitCode.notFound);
  expect(context.remedy).toBe('it has: main');
});

test('an API server with a certificate of another authority is refused', async () => {
  const other = Buffer.from((await startApiServerCa()).cert).toString('base64');
  const error = await failure(
    checkpoint(kubeconfig({ token: 'admin-token' }, { 'certificate-authority-data': other })),
  );
  expect(error.exitCode).toBe(ExitCode.unsafe);
  const insecure = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
  expect(await checkpoint(kubeconfig({ token: 'admin-token' }, insecure))).toEqual(FOUND);
});

async function startApiServerCa() {
  const { createAuthority } = await import('../../src/kubelet/embedded/x509.js');
  return createAuthority('another');
}
