import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issue } from '../../src/kubelet/embedded/x509.js';
import { coldcase } from '../support/coldcase.js';
import { type StandInApiServer, startApiServer } from '../support/kubelet/api-server.js';
import { captureScene, identity, NAME, recipient, TAR, TARGET } from '../support/kubelet/capture-scene.js';
import { block, rawHeader } from '../support/raw-tar.js';

const scene = captureScene();

/** What nobody may ever see, each told apart in the failure of a test. */
const CANARY = {
  token: 'CANARY-token-5b1c',
  password: 'CANARY-password-77aa',
  pluginToken: 'CANARY-plugin-token-91e0',
  proxyPassword: 'CANARY-proxy-0c4d',
  refreshToken: 'CANARY-refresh-3f3f',
  memory: 'CANARY-memory-d00d',
} as const;

const MEMORY = `${CANARY.memory} `.repeat(5000);
let key: string;
let server: StandInApiServer;
let other: string;

/** The secrets as text that could be anywhere: the canaries, the middle of the client key, the identities. */
function secrets(): Record<string, string> {
  const body = key.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
  const basic = Buffer.from(`ada:${CANARY.password}`).toString('base64');
  return {
    ...CANARY,
    clientKey: body.slice(40, 80),
    identity: identity.slice(20, 50),
    other: other.slice(20, 50),
    basic,
  };
}

beforeAll(async () => {
  const { generateX25519Identity } = await import('age-encryption');
  other = await generateX25519Identity();
  server = await startApiServer({
    kubelet: { checkpoint: (...what) => scene.kubelet.state.checkpoint(...what) },
    tokens: { [CANARY.token]: 'admin', [CANARY.pluginToken]: 'admin' },
  });
  key = issue(server.authority, { subject: { commonName: 'ada' }, usage: 'client' }).key;
});
afterAll(() => server.close());

/** Command lines and environments of a process and of all that it started, as long as it runs (Linux). */
async function watch(pid: number | undefined, into: string[], running: () => boolean): Promise<void> {
  const seen = new Set<string>();
  while (running()) {
    const family = new Set([String(pid)]);
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    for (const one of processes) {
      try {
        const parent = /\) \w (\d+)/.exec(readFileSync(`/proc/${one}/stat`, 'utf8'))?.[1] ?? '';
        if (!family.has(one) && !family.has(parent)) continue;
        family.add(one);
        for (const file of ['cmdline', 'environ']) {
          const text = readFileSync(`/proc/${one}/${file}`, 'utf8');
          if (!seen.has(text)) into.push(text);
          seen.add(text);
        }
      } catch {
        // it ended meanwhile
      }
    }
    await wait(30);
  }
}

/** Runs a command with --debug, and returns everything that anybody could see of it. */
async function everythingSeen(
  words: readonly string[],
  directory = scene.out,
): Promise<{ code: number | null; seen: string[] }> {
  const seen: string[] = [];
  let running = true;
  let watching: Promise<void> = Promise.resolve();
  const { code, stdout, stderr } = await coldcase(['--debug', ...words], {
    started: (child) => {
      if (process.platform === 'linux') watching = watch(child.pid, seen, () => running);
    },
  });
  running = false;
  await watching;
  for (const name of readdirSync(directory).filter((one) => one.endsWith('.json')))
    seen.push(readFileSync(join(directory, name), 'utf8'));
  return { code, seen: [stdout, stderr, ...seen] };
}

function expectNoSecret(seen: readonly string[], allowed: readonly string[] = []): void {
  const found = Object.entries(secrets()).filter(([, secret]) => seen.some((text) => text.includes(secret)));
  expect(found.map(([name]) => name).filter((name) => !allowed.includes(name))).toEqual([]);
}

function kubeconfig(user: object, cluster: object = {}): string {
  const ca = Buffer.from(server.authority.cert).toString('base64');
  return scene.kubelet.file(
    'kubeconfig',
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [
        { name: 'c', cluster: { server: server.url, 'certificate-authority-data': ca, ...cluster } },
      ],
      users: [{ name: 'u', user }],
    }),
  );
}

const plugin = (script: string): object => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: scene.kubelet.file('plugin', `#!/bin/sh\n${script}\n`, 0o700),
  },
});
const credential = (token: string): string =>
  `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"${token}"}}'`;

test('the watch sees what it is for', async () => {
  const words = ['capture', CANARY.token, '-r', recipient];
  const { seen } = await everythingSeen(words);
  expect(() => expectNoSecret(seen)).toThrow();
});

describe('capture', () => {
  const through = (config: string, ...words: string[]): string[] => [
    ...['capture', TARGET, '--kubeconfig', config, '--checkpoint-dir', scene.kubelet.checkpoints],
    ...['-r', recipient, '-o', scene.out, '--json', ...words],
  ];
  const refused = (name: string, words: () => string[]) => [name, words, false] as const;
  const done = (name: string, words: () => string[]) => [name, words, true] as const;

  test.each([
    done('with a token', () => through(kubeconfig({ token: CANARY.token }))),
    done("with a plugin's token", () =>
      through(kubeconfig(plugin(`sleep 0.2; ${credential(CANARY.pluginToken)}`))),
    ),
    refused('with a token nobody knows', () => through(kubeconfig({ token: `${CANARY.token}x` }))),
    refused('with a token of two lines', () =>
      through(kubeconfig({ token: `${CANARY.token}\n${CANARY.token}` })),
    ),
    refused('with a password', () => through(kubeconfig({ username: 'ada', password: CANARY.password }))),
    refused('with two logins', () =>
      through(kubeconfig({ username: 'ada', password: CANARY.password, token: CANARY.token })),
    ),
    refused('with a key of another certificate', () =>
      through(
        kubeconfig({
          'client-certificate-data': Buffer.from(server.authority.cert).toString('base64'),
          'client-key-data': Buffer.from(key).toString('base64'),
        }),
      ),
    ),
    refused('with the key in place of the certificate', () => {
      const path = scene.kubelet.file('key.pem', key);
      return [
        'capture',
        TARGET,
        ...scene.connection(),
        '--client-certificate',
        path,
        '-r',
        recipient,
        '-o',
        scene.out,
      ];
    }),
    refused('with a broken key', () =>
      through(
        kubeconfig({
          'client-certificate-data': Buffer.from(server.authority.cert).toString('base64'),
          'client-key-data': Buffer.from(key.replace('\n', '\nAAAA')).toString('base64'),
        }),
      ),
    ),
    refused('with a kubeconfig that is no YAML', () =>
      through(scene.kubelet.file('broken', `users:\n - {token: ${CANARY.token}\nx: [`)),
    ),
    refused('with a plugin that fails after it answered', () =>
      through(kubeconfig(plugin(`${credential(CANARY.pluginToken)}; exit 3`))),
    ),
    refused('with a plugin that answers in another format', () =>
      through(kubeconfig(plugin(`echo ${CANARY.pluginToken}`))),
    ),
    refused("with a plugin's token that nobody knows", () =>
      through(kubeconfig(plugin(credential(`${CANARY.pluginToken}x`)))),
    ),
    refused('through a proxy that is not there', () =>
      through(
        kubeconfig(
          { token: CANARY.token },
          { 'proxy-url': `http://ada:${CANARY.proxyPassword}@127.0.0.1:1` },
        ),
      ),
    ),
    refused('through a proxy that is none', () =>
      through(
        kubeconfig(
          { token: CANARY.token },
          { 'proxy-url': `socks4://ada:${CANARY.proxyPassword}@127.0.0.1:1` },
        ),
      ),
    ),
    refused('with OIDC whose issuer is not there', () =>
      through(
        kubeconfig({
          'auth-provider': {
            name: 'oidc',
            config: {
              'idp-issuer-url': 'https://127.0.0.1:1',
              'client-id': 'k',
              'client-secret': CANARY.password,
              'id-token': `a.${Buffer.from('{"exp":1}').toString('base64url')}.${CANARY.token}`,
              'refresh-token': CANARY.refreshToken,
            },
          },
        }),
      ),
    ),
    refused('with a removed auth-provider', () =>
      through(kubeconfig({ 'auth-provider': { name: 'gcp', config: { 'access-token': CANARY.token } } })),
    ),
    refused('of a server that is not trusted', () =>
      through(kubeconfig({ token: CANARY.token }, { 'certificate-authority-data': undefined })),
    ),
    refused('with a token file of two words', () => {
      const path = scene.kubelet.file('token', `${CANARY.token} ${CANARY.token}`);
      return [
        'capture',
        TARGET,
        '--kubelet',
        scene.kubelet.url,
        '--token-file',
        path,
        '-r',
        recipient,
        '-o',
        scene.out,
      ];
    }),
    refused('with an identity in place of a recipients file', () => {
      const path = scene.kubelet.file('identity', identity);
      return ['capture', TARGET, ...scene.connection(), '-R', path, '-o', scene.out];
    }),
  ])('%s', async (_, words, works) => {
    const { code, seen } = await everythingSeen(words());
    expect(code === 0).toBe(works);
    expectNoSecret(seen);
  });

  test('of an archive that is none: not a byte of it is quoted', async () => {
    scene.kubelet.state.checkpoint = async (_namespace, _pod, container) => {
      const path = join(scene.kubelet.checkpoints, NAME(container));
      writeFileSync(path, `${CANARY.memory}\n`.repeat(1000), { mode: 0o600 });
      return path;
    };
    const { seen } = await everythingSeen(through(kubeconfig({ token: CANARY.token })));
    expectNoSecret(seen);
  });
});

describe('seal, unseal, verify', () => {
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(scene.out, name), content, { mode: 0o600 });
    return join(scene.out, name);
  };
  const evidence = (): string =>
    file(
      'evidence.tar',
      Buffer.concat([
        rawHeader({ name: 'checkpoint/pages-1.img', size: MEMORY.length }),
        block(MEMORY),
        Buffer.alloc(1024),
      ]),
    );
  const keys = (): { right: string; wrong: string } => ({
    right: file('right', identity),
    wrong: file('wrong', other),
  });

  test('on the way, and of everything that goes wrong', async () => {
    const { right, wrong } = keys();
    const sealed = join(scene.out, 'evidence.tar.zst.age');
    const steps: [readonly string[], boolean][] = [
      [['seal', evidence(), '-r', recipient, '-o', sealed, '--json'], true],
      [['seal', evidence(), '-r', recipient, '-o', sealed], false], // exists
      [['seal', evidence(), '-r', identity.toLowerCase().slice(0, 10), '-o', '-'], false],
      [['seal', evidence(), '-R', right], false],
      [['verify', sealed, '-i', right, '--json'], true],
      [['verify', sealed, '-i', wrong], false],
      [['unseal', sealed, '-i', wrong, '-o', '-'], false],
      [['unseal', sealed, '-i', evidence(), '-o', '-'], false],
      [['keygen', '-y', evidence()], false],
      [['keygen', '-y', right], true],
      [['unseal', sealed, '-i', file('twice', `${identity}x\n${identity}`), '-o', '-'], false],
      [['unseal', sealed, '-i', right, '-o', join(scene.out, 'out.tar'), '--json'], true],
    ];
    for (const [words, works] of steps) {
      const { code, seen } = await everythingSeen(words);
      expect([words.join(' '), code === 0]).toEqual([words.join(' '), works]);
      expectNoSecret(seen);
    }
    const whole = readFileSync(sealed);
    for (const at of [30, 150, Math.floor(whole.length / 2), whole.length - 20]) {
      const bad = Buffer.from(whole);
      bad[at] = (bad[at] ?? 0) ^ 1;
      for (const command of ['verify', 'unseal', 'show']) {
        const words = [
          command,
          file('bad.age', bad),
          '-i',
          right,
          ...(command === 'unseal' ? ['-o', '-'] : []),
        ];
        const { seen } = await everythingSeen(words);
        // what unseal hands on before it meets the damage is what it is asked for
        expectNoSecret(command === 'unseal' ? seen.slice(1) : seen);
      }
    }
  });

  test('of a tar that breaks off, or is none', async () => {
    const broken = file(
      'broken.tar',
      Buffer.concat([TAR.subarray(0, 1000), Buffer.from(CANARY.memory.repeat(99))]),
    );
    const { seen } = await everythingSeen(['seal', broken, '-r', recipient, '-o', join(scene.out, 'b.age')]);
    expectNoSecret(seen);
    for (const command of ['show', 'ps', 'inspect', 'verify']) {
      const text = file('text.tar', CANARY.memory.repeat(200));
      expectNoSecret((await everythingSeen([command, text])).seen);
    }
  });
});
