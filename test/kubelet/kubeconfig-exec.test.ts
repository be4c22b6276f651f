import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode, InterruptedError } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { issue } from '../../src/kubelet/embedded/x509.js';
import { resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { execLogin } from '../../src/kubelet/exec-login.js';
import { execPlugin } from '../../src/kubelet/exec-plugin.js';
import { FOUND, failure, kubeconfigScene } from '../support/kubelet/kubeconfig-scene.js';

const scene = kubeconfigScene();
const { kubeconfig, checkpoint } = scene;
const V1 = 'client.authentication.k8s.io/v1';
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

const answer = (status: object, apiVersion = V1): string =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion, status });
/** A plugin that answers with what is in a file. */
function answering(text: string, apiVersion = V1): object {
  return { apiVersion, command: 'cat', args: [scene.file('answer.json', text)], interactiveMode: 'Never' };
}

/** A plugin that keeps what it was told, and gives the token of its first argument. */
function recording(name: string): { command: string; told: () => unknown } {
  const into = join(scene.directory, `${name}.told`);
  scene.file(
    name,
    `#!/bin/sh
printf %s "$KUBERNETES_EXEC_INFO" > '${into}'
version=\${KUBERNETES_EXEC_INFO##*authentication.k8s.io/}; version=\${version%%\\"*}
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/%s","status":{"token":"%s"}}' "$version" "$1$GIVEN"
`,
    0o700,
  );
  return { command: `./${name}`, told: () => JSON.parse(readFileSync(into, 'utf8')) };
}

test.each([V1, V1BETA1])(
  '%s: a command relative to the kubeconfig, with arguments and env',
  async (apiVersion) => {
    const { command, told } = recording('login');
    const env = [{ name: 'GIVEN', value: 'token' }];
    expect(await checkpoint(kubeconfig({ exec: { apiVersion, command, args: ['admin-'], env } }))).toEqual(
      FOUND,
    );
    expect(told()).toEqual({ kind: 'ExecCredential', apiVersion, spec: { interactive: false } });
  },
);

test('provideClusterInfo tells it the cluster, with the authority as bytes and the extension', async () => {
  const { command, told } = recording('informed');
  scene.file('ca.crt', scene.server.authority.cert);
  const exec = { apiVersion: V1, command, args: ['admin-token'], provideClusterInfo: true };
  const cluster = {
    'certificate-authority-data': undefined,
    'certificate-authority': 'ca.crt',
    'tls-server-name': '127.0.0.1',
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: '06e3fbd18de8' } }],
  };
  expect(await checkpoint(kubeconfig({ exec }, cluster))).toEqual(FOUND);
  expect(told()).toMatchObject({
    spec: {
      interactive: false,
      cluster: {
        server: scene.server.url,
        'tls-server-name': '127.0.0.1',
        'certificate-authority-data': Buffer.from(scene.server.authority.cert).toString('base64'),
        config: { audience: '06e3fbd18de8' },
      },
    },
  });
});

test('a client certificate, and one without its key', async () => {
  const issued = issue(scene.server.authority, { subject: { commonName: 'admin' }, usage: 'client' });
  const status = { clientCertificateData: issued.cert, clientKeyData: issued.key };
  expect(await checkpoint(kubeconfig({ exec: answering(answer(status)) }))).toEqual(FOUND);
  const half = answering(answer({ clientCertificateData: issued.cert }));
  expect((await failure(checkpoint(kubeconfig({ exec: half })))).more).toEqual([
    'it gave a client certificate or a key, not both',
  ]);
});

test('it is run again when its token has ended, and when the server does not know it', async () => {
  const count = join(scene.directory, 'count');
  const script = (expires: string, tokens: string): string => `#!/bin/sh
n=$(cat '${count}' 2>/dev/null || echo 0); n=$((n + 1)); echo $n > '${count}'
set -- ${tokens}; shift $((n - 1))
echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"'"$1"'"${expires}}}'
`;
  const runs = async (text: string): Promise<number> => {
    scene.file('count', '0');
    scene.file('rotating', text, 0o700);
    const config = kubeconfig({ exec: { apiVersion: V1, command: './rotating' } });
    const client = KubeletClient.connect(await resolveEndpoint({ kubeconfig: config, node: 'node-a' }));
    expect(await client.healthz()).toBe('ok');
    await client.close();
    return Number(readFileSync(count, 'utf8'));
  };
  expect(await runs(script('', 'admin-token'))).toBe(1);
  expect(await runs(script('', 'ended admin-token'))).toBe(2);
  const ended = ',"expirationTimestamp":"2020-01-01T00:00:00Z"';
  expect(await runs(script(ended, 'admin-token admin-token'))).toBe(2);
});

test('what the flags said of the server holds for a login that is renewed', async () => {
  scene.file('ended', '');
  const ended = join(scene.directory, 'ended');
  const body = answer({ token: '$t' }).replaceAll('"', '\\"');
  const script = `#!/bin/sh\nif [ -s '${ended}' ]; then t=admin-token; else t=old; echo x > '${ended}'; fi\necho "${body}"\n`;
  scene.file('renewing', script, 0o700);
  const exec = { apiVersion: V1, command: './renewing', interactiveMode: 'Never' };
  const path = kubeconfig({ exec }, { 'certificate-authority-data': undefined });
  const error = await failure(checkpoint(path));
  const [, tlsFingerprint = ''] = /--tls-fingerprint (\w+)/.exec(error.more.join('\n')) ?? [];
  scene.file('ended', '');
  expect(await checkpoint(path, { node: 'node-a', tlsFingerprint })).toEqual(FOUND);
});

test('it is not run for a user with a token or a certificate of its own', async () => {
  const exec = { apiVersion: V1, command: './never-run' };
  expect(await checkpoint(kubeconfig({ token: 'admin-token', exec }))).toEqual(FOUND);
});

describe('refused', () => {
  test('one that fails, is missing, or answers nonsense', async () => {
    scene.file('fails', '#!/bin/sh\necho "please log in first" >&2\necho SECRET\nexit 1\n', 0o700);
    const failed = await failure(checkpoint(kubeconfig({ exec: { apiVersion: V1, command: './fails' } })));
    expect(failed.exitCode).toBe(ExitCode.denied);
    expect(failed.more).toEqual(['please log in first']);
    const missing = { apiVersion: V1, command: 'no-such-login-helper', installHint: 'get it at the desk' };
    const absent = await failure(checkpoint(kubeconfig({ exec: missing })));
    expect(absent.exitCode).toBe(ExitCode.notFound);
    expect(absent.remedy).toBe('get it at the desk');
    const echo = { apiVersion: V1, command: 'echo', args: ['SECRET'] };
    const nonsense = await failure(checkpoint(kubeconfig({ exec: echo })));
    expect(JSON.stringify([nonsense.message, nonsense.more])).not.toContain('SECRET');
  });

  test.each([
    ['no token', answer({}), 'it gave neither a token nor a client certificate'],
    ['another version', answer({ token: 'SECRET' }, V1BETA1), 'is not in the version'],
    ['a key alone', answer({ clientKeyData: 'SECRET' }), 'a client certificate or a key, not both'],
    ['no kind', JSON.stringify({ apiVersion: V1, status: { token: 'SECRET' } }), 'is no ExecCredential'],
    ['no time', answer({ token: 'SECRET', expirationTimestamp: 'soon' }), 'is no time'],
    ['too much', `{"a":"${'x'.repeat(2 << 20)}"}`, 'it wrote more than 1 MiB'],
  ])('an answer with %s', async (_, text, why) => {
    const error = await failure(checkpoint(kubeconfig({ exec: answering(text) })));
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.more.join()).toContain(why);
    expect(error.more.join()).not.toContain('SECRET');
  });

  test.each([
    ['no command', { apiVersion: V1 }, 'has no command'],
    ['no version', { command: 'x' }, 'speaks no version of ExecCredential'],
    ['a version that kubectl dropped', { command: 'x', apiVersion: `${V1}alpha1` }, 'v1alpha1'],
    ['a NUL', { command: 'x', apiVersion: V1, env: [{ name: 'A', value: 'SECRET\0' }] }, 'cannot be started'],
    ['another mode', { command: 'x', apiVersion: V1, interactiveMode: 'Maybe' }, 'interactiveMode Maybe'],
  ])('%s', async (_, exec, message) => {
    const error = await failure(checkpoint(kubeconfig({ exec })));
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('SECRET');
  });

  test('one whose environment is too large for the system', async () => {
    const env = [{ name: 'A', value: 'x'.repeat(200_000) }];
    const error = await failure(checkpoint(kubeconfig({ exec: { apiVersion: V1, command: 'true', env } })));
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.more).toEqual(['spawn E2BIG']);
  });

  test.skipIf(process.stdin.isTTY)('one that needs a terminal where there is none', async () => {
    const exec = { apiVersion: V1, command: './asks', interactiveMode: 'Always' };
    const error = await failure(checkpoint(kubeconfig({ exec })));
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toContain('wants a terminal');
  });
});

test('one that leaves something running with its output open has answered all the same', async () => {
  const text = answer({ token: 'admin-token' });
  const pid = join(scene.directory, 'left.pid');
  scene.file('leaves', `#!/bin/sh\nsleep 20 & echo $! > '${pid}'\necho '${text}'\n`, 0o700);
  const started = performance.now();
  const exec = { apiVersion: V1, command: './leaves', interactiveMode: 'Never' };
  expect(await checkpoint(kubeconfig({ exec }))).toEqual(FOUND);
  expect(performance.now() - started).toBeLessThan(5000);
  process.kill(Number(readFileSync(pid, 'utf8'))); // it was left alone
});

describe('one that hangs', () => {
  const plugin = (script: string) => {
    const entry = { name: 'u', file: '/x', fields: {} };
    const exec = { apiVersion: V1, command: 'sh', args: ['-c', script] };
    return execPlugin({ ...entry, fields: { exec } }, entry, { proxy: undefined, trust: { kind: 'none' } });
  };

  test('is ended, with what it started', async () => {
    const started = performance.now();
    const mark = join(scene.directory, 'mark');
    // its child holds on to the pipe
    const error = await failure(
      execLogin(plugin(`(sleep 3; touch '${mark}') & sleep 30; :`), { patience: 300 }),
    );
    expect(performance.now() - started).toBeLessThan(2000);
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toMatch(/^the login helper sh of user u did not end within .*, and was ended$/);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    expect(existsSync(mark)).toBe(false);
  });

  test.each(['sleep 30; :', 'trap "" TERM; while :; do sleep 1; done'])(
    'is stopped at once by a signal: %s',
    async (script) => {
      const controller = new AbortController();
      const started = performance.now();
      setTimeout(() => controller.abort(new InterruptedError('stopped by SIGINT')), 200);
      const error = await failure(execLogin(plugin(script), { signal: controller.signal }));
      expect(error.exitCode).toBe(ExitCode.interrupted);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});
