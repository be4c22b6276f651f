import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Check } from '../../../src/node/checks/check.js';
import { diagnose } from '../../../src/node/doctor.js';
import { examine } from '../../../src/node/examine.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { coldcase } from '../../support/coldcase.js';
import { hostFixture } from '../../support/hosts.js';
import { startApiServer } from '../../support/kubelet/api-server.js';
import { type StandIn, startStandIn } from '../../support/kubelet/stand-in.js';

let kubelet: StandIn;
beforeAll(async () => {
  kubelet = await startStandIn();
});
afterAll(() => kubelet.close());

async function api(user: string, ...more: readonly string[]): Promise<Readonly<Record<string, Check>>> {
  const { both } = kubelet.client(user);
  return checksWith(both, ...more);
}

async function checksWith(
  cert: string,
  ...more: readonly string[]
): Promise<Readonly<Record<string, Check>>> {
  const { stdout, stderr } = await coldcase([
    'doctor',
    '--json',
    '--host-root',
    hostFixture('bare'),
    '--kubelet',
    kubelet.url,
    '--client-certificate',
    cert,
    '--certificate-authority',
    kubelet.ca,
    ...more,
  ]);
  expect(stderr).toBe('');
  return Object.fromEntries(JSON.parse(stdout).checks.map((check: Check) => [check.id, check]));
}

test('reachable, valid, the gate on, allowed; and no checkpoint was made', async () => {
  kubelet.requests.length = 0;
  const checks = await api('alice');
  expect(checks['api.reachable']).toMatchObject({ status: 'pass' });
  expect(checks['api.credentials']?.found).toContain('valid until');
  expect(checks['api.gate']).toMatchObject({ status: 'pass', found: 'the kubelet has the checkpoint call' });
  expect(checks['api.right']).toMatchObject({ status: 'pass' });
  expect(kubelet.requests.filter((line) => line.startsWith('POST'))).toEqual([
    'POST /checkpoint/coldcase-doctor/-no-such-pod-/none',
  ]);
});

test('not allowed: which right is missing', async () => {
  const checks = await api('bob');
  expect(checks['api.right']).toMatchObject({ status: 'fail' });
  expect(checks['api.right']?.found).toContain('Forbidden (user=bob, verb=create, resource=nodes');
  expect(checks['api.right']?.remedy).toContain('nodes/checkpoint');
});

test('the feature gate off, as the kubelet shows it', async () => {
  kubelet.state.checkpoints = false;
  try {
    const checks = await api('alice');
    expect(checks['api.gate']).toMatchObject({ status: 'fail' });
    expect(checks['api.right']).toMatchObject({ status: 'unknown' });
  } finally {
    kubelet.state.checkpoints = true;
  }
});

test('a certificate that ends soon', async () => {
  const day = 86_400_000;
  const { both } = kubelet.client('carol', {
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3 * day),
  });
  expect((await checksWith(both))['api.credentials']).toMatchObject({ status: 'warn' });
});

test('through the API server: the node is found from the pod, and nodes/proxy is the right', async () => {
  const server = await startApiServer({
    kubelet: { checkpoint: async () => '/nowhere' },
    allowed: (user, verb, resource) => !(user === 'bob' && verb === 'create' && resource === 'nodes/proxy'),
  });
  try {
    const run = async (token: string) => {
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'it',
        contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
        clusters: [
          {
            name: 'it',
            cluster: {
              server: server.url,
              'certificate-authority-data': Buffer.from(server.authority.cert).toString('base64'),
            },
          },
        ],
        users: [{ name: 'it', user: { token } }],
      };
      const { stdout, stderr } = await coldcase([
        'doctor',
        'prod/payments-node-a/cache',
        '--json',
        '--host-root',
        hostFixture('bare'),
        '--kubeconfig',
        kubelet.file(`${token}.conf`, JSON.stringify(config)),
      ]);
      expect(stderr).toBe('');
      const checks: readonly Check[] = JSON.parse(stdout).checks;
      return new Map(checks.map((check) => [check.id, check] as const));
    };
    const admin = await run('admin-token');
    expect(admin.get('api.gate')).toMatchObject({ status: 'pass' });
    expect(admin.get('api.right')).toMatchObject({ status: 'pass' });
    expect(admin.get('container.facts')?.found).toContain('no process below this root');
    const bob = await run('bob-token');
    expect(bob.get('api.right')).toMatchObject({ status: 'fail' });
    expect(bob.get('api.right')?.remedy).toContain('nodes/proxy');
    expect(server.requests).toContain(
      'POST /api/v1/nodes/node-a/proxy/checkpoint/coldcase-doctor/-no-such-pod-/none',
    );
  } finally {
    await server.close();
  }
});

test('nobody listens', async () => {
  const { both } = kubelet.client('dave');
  const { stdout, code } = await coldcase([
    'doctor',
    '--json',
    '--host-root',
    hostFixture('bare'),
    '--kubelet',
    'https://127.0.0.1:1',
    '--client-certificate',
    both,
    '--insecure-skip-tls-verify',
  ]);
  expect(code).toBe(1);
  const checks: readonly Check[] = JSON.parse(stdout).checks;
  expect(checks.find(({ id }) => id === 'api.reachable')).toMatchObject({ status: 'fail' });
  expect(checks.find(({ id }) => id === 'api.right')).toMatchObject({ status: 'unknown' });
});

test("node config is compared with the stand-in's /configz", async () => {
  const { both } = kubelet.client('alice');
  const { stdout } = await coldcase([
    'node',
    'config',
    '--json',
    '--host-root',
    hostFixture('kubeadm'),
    '--kubelet',
    kubelet.url,
    '--client-certificate',
    both,
    '--certificate-authority',
    kubelet.ca,
  ]);
  const report = JSON.parse(stdout);
  expect(report.notCompared).toBeNull();
  expect(report.differences.map(({ setting }: { setting: string }) => setting)).toContain('maxPods');
});

test('an answer that is not the kubelet refusing a pod proves no right', async () => {
  const answers = async (status: number, body: string): Promise<readonly (Check | undefined)[]> => {
    const host = await HostRoot.open(hostFixture('bare'));
    const checks = await diagnose(
      await examine(host, {
        api: {
          where: 'api.example:6443',
          via: 'api-server',
          credentials: "a test's",
          credentialsEnd: undefined,
          node: 'node-a',
          kubeletPath: (...segments) => `/${segments.join('/')}`,
          request: async (method) => (method === 'GET' ? { status: 200, body: 'ok' } : { status, body }),
          kubeletVersion: async () => 'v1.36.0',
        },
        noApi: undefined,
        target: undefined,
      }),
    );
    return ['api.gate', 'api.right'].map((id) => checks.find((check) => check.id === id));
  };
  const notFound = '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}';
  for (const [status, body] of [
    [503, 'error trying to reach service: dial tcp: connection refused'],
    [500, 'oops'],
    [404, notFound],
  ] as const) {
    const [gate, right] = await answers(status, body);
    expect(right, body).toMatchObject({ status: 'unknown' });
    expect(gate?.found).toContain('ContainerCheckpoint is on by default');
  }
  const [gate, right] = await answers(404, 'pod does not exist');
  expect([gate?.status, right?.status]).toEqual(['pass', 'pass']);
});
