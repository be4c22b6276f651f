import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ColdcaseError, ExitCode } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { type ConnectionFlags, resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { DeadlineError } from '../../src/kubelet/explain.js';
import { type StandIn, startStandIn } from '../support/kubelet/stand-in.js';

let kubelet: StandIn;
let admin: { cert: string; key: string; both: string };
let reply: { status: number; type: string; body: string } | undefined;

beforeAll(async () => {
  kubelet = await startStandIn({
    intercept: async () => reply,
  });
  admin = kubelet.client('admin');
});
afterAll(() => kubelet.close());

/** The error that a checkpoint of this container ends with. */
async function failure(
  container = 'cache',
  flags: ConnectionFlags = {},
  pod = 'payments-node-a',
): Promise<ColdcaseError> {
  const credentials =
    flags.clientCertificate === undefined && flags.tokenFile === undefined
      ? { clientCertificate: admin.both }
      : {};
  const endpoint = await resolveEndpoint({
    kubelet: kubelet.url,
    certificateAuthority: kubelet.ca,
    ...credentials,
    ...flags,
  });
  const client = KubeletClient.connect(endpoint);
  try {
    await client.checkpoint(
      { namespace: 'prod', pod, container },
      { timeout: undefined, requestTimeout: 5000 },
    );
  } catch (error) {
    if (error instanceof ColdcaseError) return error;
    throw error;
  } finally {
    await client.close();
  }
  throw new Error('it did not fail');
}

async function failureOf(
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): Promise<ColdcaseError> {
  reply = { status, type, body };
  try {
    return await failure();
  } finally {
    reply = undefined;
  }
}

describe('answers of a kubelet', () => {
  test('200 with the path of the archive', async () => {
    const endpoint = await resolveEndpoint({
      kubelet: kubelet.url,
      certificateAuthority: kubelet.ca,
      clientCertificate: admin.cert,
      clientKey: admin.key,
    });
    const client = KubeletClient.connect(endpoint);
    const target = { namespace: 'prod', pod: 'payments-node-a', container: 'cache' };
    const answer = await client.checkpoint(target, { timeout: 90, requestTimeout: 5000 });
    expect(answer.items).toEqual([
      `${kubelet.checkpoints}/checkpoint-payments-node-a_prod-cache-2026-11-23T16:25:48Z.tar`,
    ]);
    expect(kubelet.requests.at(-1)).toBe('POST /checkpoint/prod/payments-node-a/cache?timeout=90');
    expect(await client.version()).toBe('v1.36.0');
    expect(await client.healthz()).toBe('ok');
    expect(await client.configz()).toHaveProperty('featureGates');
    await client.close();
  });

  test('404 pod does not exist', async () => {
    const error = await failure('cache', {}, 'other');
    expect(error.exitCode).toBe(ExitCode.notFound);
    expect(error.message).toContain('no pod of prod/other/cache');
  });

  test('404 container does not exist', async () => {
    const error = await failure('nope');
    expect(error.exitCode).toBe(ExitCode.notFound);
    expect(error.message).toContain('no such container');
  });

  test('404 cannot parse value of timeout parameter', async () => {
    const error = await failureOf(404, 'cannot parse value of timeout parameter');
    expect(error.exitCode).toBe(ExitCode.usage);
  });

  test('404 page not found: the gate is off, and the setting is shown', async () => {
    kubelet.state.checkpoints = false;
    const error = await failure();
    kubelet.state.checkpoints = true;
    expect(error.exitCode).toBe(ExitCode.notFound);
    expect(error.more).toEqual(['featureGates:', '  ContainerCheckpoint: true']);
  });

  test('405', async () => {
    const error = await failureOf(405, '405: Method Not Allowed', 'text/plain');
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toContain('405');
  });

  test('401: nobody is authenticated', async () => {
    const stranger = await startStandIn();
    const { both } = stranger.client('mallory');
    const error = await failure('cache', { clientCertificate: both });
    await stranger.close();
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toContain('401');
  });

  test('403: the ClusterRole and the binding to apply for that user', async () => {
    const { both } = kubelet.client('bob');
    const error = await failure('cache', { clientCertificate: both });
    expect(error.exitCode).toBe(ExitCode.denied);
    expect(error.message).toBe('user bob may not create nodes/checkpoint on this node');
    const yaml = error.more.join('\n');
    expect(yaml).toContain('kind: ClusterRole\n');
    expect(yaml).toContain('kind: ClusterRoleBinding\n');
    expect(yaml).toContain('resources: ["nodes/checkpoint"]\n  verbs: ["create"]');
    expect(yaml).toContain('name: "bob"');
  });

  test('403 for a service account binds the service account', async () => {
    const body =
      'Forbidden (user=system:serviceaccount:ir:responder, verb=create, resource=nodes, subresource(s)=[checkpoint])\n';
    const error = await failureOf(403, body, 'text/plain');
    expect(error.more.join('\n')).toContain('- kind: ServiceAccount\n  name: "responder"\n  namespace: "ir"');
  });

  test('403 for the anonymous user asks for credentials', async () => {
    const body =
      'Forbidden (user=system:anonymous, verb=create, resource=nodes, subresource(s)=[checkpoint])\n';
    const error = await failureOf(403, body, 'text/plain');
    expect(error.message).toContain('anonymous');
    expect(error.more).toEqual([]);
  });

  test('500 container not found: it is not running', async () => {
    const error = await failure('once');
    expect(error.exitCode).toBe(ExitCode.notFound);
    expect(error.message).toContain('not running');
  });

  test('500 without CRIU on the node', async () => {
    const error = await failureOf(
      500,
      'checkpointing of prod/payments-node-a/cache failed (rpc error: code = Unknown desc = CRIU binary not found or too old (<31600). Failed to checkpoint container "3d13": failed to check for criu version: exec: "criu": executable file not found in $PATH)',
    );
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toContain('CRIU is not installed');
  });

  test('500 from containerd: the line is read from the log of CRIU on the node', async () => {
    const log = kubelet.file(
      'criu-dump.log',
      '(00.001) Dumping\n(00.012638) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.\n(00.02) Error (criu/cr-dump.c:2128): Dumping FAILED.\n',
    );
    const error = await failureOf(
      500,
      `checkpointing of prod/payments-node-a/api failed (rpc error: code = Unknown desc = checkpointing container "499d" failed: runc did not terminate successfully: exit status 1: criu failed: type DUMP errno 0 path= ${log})`,
    );
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toContain('an established TCP connection');
    expect(error.remedy).toContain('`tcp-established`');
    expect(error.more[0]).toContain('sk-inet.c:200');
  });

  test('500 from containerd, with the log gone: its path is told', async () => {
    const error = await failureOf(
      500,
      'checkpointing of a/b/c failed (criu failed: type DUMP errno 0 path= /nowhere/criu-dump.log)',
    );
    expect(error.remedy).toContain('/nowhere/criu-dump.log');
  });

  test('500 from CRI-O: the line is found in the excerpt', async () => {
    const error = await failureOf(
      500,
      [
        'checkpointing of prod/payments-node-a/api failed (rpc error: code = Unknown desc = failed to checkpoint container 1234:',
        '--- excerpt from CRIU log /var/lib/containers/dump.log',
        '(00.012638) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
        '(00.012700) Error (criu/cr-dump.c:1635): Dump files (pid: 41) failed with -1',
        '--- end of excerpt)',
      ].join('\n'),
    );
    expect(error.message).toContain('an established TCP connection');
    expect(error.more[0]).toContain('--tcp-established');
  });

  test.each(['stream terminated by RST_STREAM with error code: CANCEL', 'context deadline exceeded'])(
    '500 at the deadline: %s',
    async (said) => {
      const body = `checkpointing of a/b/c failed (rpc error: code = DeadlineExceeded desc = ${said})`;
      const error = await failureOf(500, body);
      expect(error).toBeInstanceOf(DeadlineError);
      expect(error.message).toContain('took longer than the kubelet allowed');
    },
  );

  test.each([
    'rpc error: code = Unavailable desc = checkpointing container "12" failed: ref checkpoint-rw-12 locked for 1.5s (since 2026-11-23 16:25:48 +0000 UTC m=+12.3): unavailable',
    'rpc error: code = Unknown desc = open /var/lib/containerd/io.containerd.grpc.v1.cri/containers/12/ctrd-checkpoint/status: no such file or directory',
  ])('500 from containerd, another checkpoint at the same time: %s', async (said) => {
    const error = await failureOf(500, `checkpointing of a/b/c failed (${said})`);
    expect(error.message).toContain('another checkpoint of');
    expect(error.remedy).toContain('capture again when the other is done');
  });

  test('500 when the runtime itself ended', async () => {
    const error = await failureOf(
      500,
      'checkpointing of a/b/c failed (rpc error: code = Unavailable desc = error reading from server: EOF)',
    );
    expect(error.message).toContain('the container runtime ended while it checkpointed');
    expect(error.remedy).toContain('Thaw it before the runtime starts again');
  });

  test('500 from a runtime without the call', async () => {
    const error = await failureOf(
      500,
      'checkpointing of a/b/c failed (rpc error: code = Unimplemented desc = unknown method CheckpointContainer)',
    );
    expect(error.exitCode).toBe(ExitCode.notFound);
    expect(error.message).toContain('cannot checkpoint');
  });

  test('an answer of no kubelet', async () => {
    const error = await failureOf(302, '<html>log in</html>', 'text/html');
    expect(error.exitCode).toBe(ExitCode.failed);
    expect(error.message).toContain('302');
  });
});

describe('dishonest answers to a checkpoint', () => {
  test.each([
    ['no JSON', '{"items":['],
    ['no list', '{"items":"/x"}'],
    ['an empty list', '{"items":[]}'],
    ['something else', '[]'],
    ['a number for a path', '{"items":[7]}'],
    ['a relative path', '{"items":["checkpoint.tar"]}'],
    ['a path with a NUL', '{"items":["/a\\u0000b"]}'],
    ['hundreds of archives', JSON.stringify({ items: Array.from({ length: 500 }, (_, i) => `/a/${i}`) })],
  ])('%s', async (_, body) => {
    const error = await failureOf(200, body, 'application/json');
    expect(error.exitCode).toBe(ExitCode.failed);
  });

  test('ten gigabytes of JSON are not read', async () => {
    const endless = await startStandIn({
      intercept: async (_, { response }) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const chunk = Buffer.alloc(1 << 16, ' ');
        const pump = (): void => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', pump);
        pump();
        return undefined;
      },
    });
    const before = process.memoryUsage().rss;
    const error = await failure('cache', {
      kubelet: endless.url,
      certificateAuthority: endless.ca,
      clientCertificate: endless.client('admin').both,
    });
    await endless.close();
    expect(error.message).toContain('longer than');
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });
});
