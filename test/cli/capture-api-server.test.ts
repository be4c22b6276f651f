import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { kubeletAnswer } from '../../src/kubelet/embedded/answers.js';
import { coldcase, type Finished } from '../support/coldcase.js';
import {
  type ApiServerOptions,
  type StandInApiServer,
  startApiServer,
} from '../support/kubelet/api-server.js';
import { captureScene, recipient, SEALED, TARGET } from '../support/kubelet/capture-scene.js';
import { PODS, type StandIn, startStandIn } from '../support/kubelet/stand-in.js';

const scene = captureScene();
const UID = PODS[0]?.uid ?? '';
/** The ID that the stand-in gives to `cache`. */
const CACHE = Buffer.from('cache'.padEnd(32, '.')).toString('hex');

describe('through the API server', () => {
  const kubeconfig = (server: StandInApiServer): string =>
    scene.kubelet.file(
      'kubeconfig',
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [
          {
            name: 'c',
            cluster: {
              server: server.url,
              'certificate-authority-data': Buffer.from(server.authority.cert).toString('base64'),
            },
          },
        ],
        users: [{ name: 'u', user: { token: 'admin-token' } }],
      }),
    );
  const run = (server: StandInApiServer, target = TARGET, ...words: string[]): Promise<Finished> =>
    coldcase([
      ...['capture', target, '--kubeconfig', kubeconfig(server)],
      ...['--checkpoint-dir', scene.kubelet.checkpoints, '-r', recipient, '-o', scene.out, ...words],
    ]);
  const checkpoint: StandIn['state']['checkpoint'] = (...what) => scene.kubelet.state.checkpoint(...what);

  test('the node is found from the pod, and recorded with its versions', async () => {
    const server = await startApiServer({ kubelet: { checkpoint } });
    const { code, stderr } = await run(server);
    await server.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(server.requests).toContain(
      'POST /api/v1/nodes/node-a/proxy/checkpoint/prod/payments-node-a/cache?timeout=600',
    );
    const manifest = JSON.parse(readFileSync(join(scene.out, `${SEALED('cache')}.json`), 'utf8'));
    expect(manifest.capture.node).toMatchObject({
      name: 'node-a',
      kubeletVersion: 'v1.36.0',
      containerRuntime: 'containerd://2.1.9',
    });
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([]);
  });

  test('all containers of the pod', async () => {
    const server = await startApiServer({ kubelet: { checkpoint } });
    const { code } = await run(server, 'prod/payments-node-a');
    await server.close();
    expect(code).toBe(0);
    expect(readdirSync(scene.out).length).toBe(6);
  });

  /** Captures through an API server with these options; returns whether a checkpoint was asked for, too. */
  async function captured(
    options: Partial<ApiServerOptions>,
    ...words: string[]
  ): Promise<Finished & { asked: boolean }> {
    const server = await startApiServer({ ...options, kubelet: { checkpoint, ...options.kubelet } });
    const finished = await run(server, TARGET, '--no-node-context', ...words);
    await server.close();
    return { ...finished, asked: server.requests.some((line) => line.startsWith('POST')) };
  }
  const OTHER = 'ffffffff-0000-4000-8000-000000000000';
  const noNodes: ApiServerOptions['allowed'] = (_, __, resource) => resource !== 'nodes';
  const bootIdKnown = existsSync('/proc/sys/kernel/random/boot_id');

  describe.runIf(bootIdKnown)('a pod of another machine is refused before anything is frozen', () => {
    test('by the boot id of its node, whatever is said', async () => {
      for (const words of [[], ['--yes'], ['--this-node']]) {
        const { code, stderr, asked } = await captured({ bootID: OTHER }, ...words);
        expect([code, asked]).toEqual([ExitCode.unsafe, false]);
        expect(stderr).toContain('runs on node-a, which is not this machine: another boot id');
        expect(stderr).toContain('run coldcase on node-a');
      }
      scene.nothingHappened();
    });

    test("by cAdvisor's metrics, where the node may not be read", async () => {
      const machine = { bootID: OTHER, machineID: 'm', systemUUID: 's' };
      const { code, stderr, asked } = await captured({ allowed: noNodes, kubelet: { checkpoint, machine } });
      expect([code, asked]).toEqual([ExitCode.unsafe, false]);
      expect(stderr).toContain('another boot id');
    });

    test("by the kubelet's directory, which has no such pod: nodes that are containers share a boot id", async () => {
      mkdirSync(join(scene.kubelet.root, 'pods/another-uid'), { recursive: true });
      const { code, stderr, asked } = await captured({});
      rmSync(join(scene.kubelet.root, 'pods'), { recursive: true });
      expect([code, asked]).toEqual([ExitCode.unsafe, false]);
      expect(stderr).toContain("the kubelet's directory here has no such pod");
      expect(stderr).toContain('--checkpoint-dir names those of another kubelet');
    });

    test('an annotation that any owner of a pod can write names no directory, and no directory outweighs a boot id', async () => {
      mkdirSync(join(scene.kubelet.root, 'pods/somebody'), { recursive: true });
      const pods = PODS.map((pod) => ({
        ...pod,
        annotations: { 'kubernetes.io/config.hash': 'somebody', 'kubernetes.io/config.source': 'file' },
      }));
      const same = await captured({ kubelet: { checkpoint, pods } });
      mkdirSync(join(scene.kubelet.root, 'pods', UID));
      const other = await captured({ bootID: OTHER, kubelet: { checkpoint, pods } });
      rmSync(join(scene.kubelet.root, 'pods'), { recursive: true });
      expect([same.code, same.asked]).toEqual([ExitCode.unsafe, false]);
      expect([other.code, other.asked]).toEqual([ExitCode.unsafe, false]);
      expect(other.stderr).toContain('another boot id');
    });

    test("its processes are seen here, as those of a node's container are: the boot id outweighs them", async () => {
      const host = join(scene.kubelet.root, 'outer');
      mkdirSync(join(host, 'proc/77'), { recursive: true });
      writeFileSync(join(host, 'proc/77/cgroup'), `0::/kubepods.slice/crio-${CACHE}.scope\n`);
      const { code, asked } = await captured({ bootID: OTHER }, '--host-root', host);
      expect([code, asked]).toEqual([ExitCode.unsafe, false]);
    });
  });

  test("a directory beside the checkpoints that is another kubelet's: --this-node, and not --yes", async () => {
    mkdirSync(join(scene.kubelet.root, 'pods/another-uid'), { recursive: true });
    const yes = await captured({}, '--yes');
    const thisNode = await captured({}, '--this-node');
    rmSync(join(scene.kubelet.root, 'pods'), { recursive: true });
    expect([yes.code, yes.asked]).toEqual([ExitCode.unsafe, false]);
    expect([thisNode.code, thisNode.asked]).toEqual([ExitCode.done, true]);
    expect(thisNode.stderr).toContain('which seems not to be this machine');
  });

  test('an empty one tells nothing', async () => {
    mkdirSync(join(scene.kubelet.root, 'pods'));
    const { code } = await captured({}, '--force');
    rmSync(join(scene.kubelet.root, 'pods'), { recursive: true });
    expect(code).toBe(ExitCode.done);
  });

  describe('where nobody tells the boot id', () => {
    test('it is refused, unless --this-node; --yes is about probes', async () => {
      const refused = await captured({ allowed: noNodes }, '--yes');
      expect([refused.code, refused.asked]).toEqual([ExitCode.unsafe, false]);
      expect(refused.stderr).toContain('whether node-a, where prod/payments-node-a runs, is this machine');
      expect(refused.stderr).toContain('--this-node if it is');
      scene.nothingHappened();
      const done = await captured({ allowed: noNodes }, '--this-node');
      expect([done.code, done.asked]).toEqual([ExitCode.done, true]);
      expect(done.stderr).toContain('cannot be told');
    });

    test("the pod's directory of the kubelet, or its processes, tell", async () => {
      mkdirSync(join(scene.kubelet.root, 'pods', UID), { recursive: true });
      const byDirectory = await captured({ allowed: noNodes });
      rmSync(join(scene.kubelet.root, 'pods'), { recursive: true });
      expect([byDirectory.code, byDirectory.stderr]).toEqual([ExitCode.done, '']);

      const host = join(scene.kubelet.root, 'host');
      mkdirSync(join(host, 'proc/77'), { recursive: true });
      writeFileSync(join(host, 'proc/77/cgroup'), `0::/kubepods.slice/crio-${CACHE}.scope\n`);
      const byProcess = await captured({ allowed: noNodes }, '--host-root', host, '--force');
      expect([byProcess.code, byProcess.stderr]).toEqual([ExitCode.done, '']);
    });
  });
});

describe('a kubelet that is asked directly', () => {
  test.runIf(existsSync('/proc/sys/kernel/random/boot_id'))(
    'at an own address, which may be the near end of a tunnel: its boot id tells, also where pods may not be listed',
    async () => {
      const machine = { bootID: 'ffffffff-0000-4000-8000-000000000000', machineID: 'm', systemUUID: 's' };
      const far = await startStandIn();
      Object.assign(far.state, {
        machine,
        allowed: (_: string, __: string, what: string) => what !== 'pods',
      });
      const words = ['--kubelet', far.url, '--certificate-authority', far.ca];
      const { code, stderr } = await coldcase([
        ...['capture', TARGET, ...words, '--client-certificate', far.client('admin').both],
        ...['--checkpoint-dir', far.checkpoints, '-r', recipient, '-o', scene.out],
      ]);
      await far.close();
      expect(code).toBe(ExitCode.unsafe);
      expect(stderr).toContain('which is not this machine: another boot id');
      expect(far.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    },
  );

  test.runIf(existsSync('/proc/sys/kernel/random/boot_id'))(
    'below a path at this address it may be another: its boot id tells',
    async () => {
      const machine = { bootID: 'ffffffff-0000-4000-8000-000000000000', machineID: 'm', systemUUID: 's' };
      const behind = await startStandIn({
        intercept: async ({ method, url, user }) => {
          const inner = new URL(url.pathname.replace('/far', '') + url.search, url);
          return kubeletAnswer({ ...behind.state, machine }, { method, url: inner, user });
        },
      });
      const words = ['--kubelet', `${behind.url}/far`, '--certificate-authority', behind.ca];
      const { code, stderr } = await coldcase([
        ...['capture', TARGET, ...words, '--client-certificate', behind.client('admin').both],
        ...['--checkpoint-dir', behind.checkpoints, '-r', recipient, '-o', scene.out],
      ]);
      await behind.close();
      expect(code).toBe(ExitCode.unsafe);
      expect(stderr).toContain('which is not this machine: another boot id');
      expect(behind.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    },
  );
});
