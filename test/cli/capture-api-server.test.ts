import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase, type Finished } from '../support/coldcase.js';
import { type StandInApiServer, startApiServer } from '../support/kubelet/api-server.js';
import { captureScene, recipient, SEALED, TARGET } from '../support/kubelet/capture-scene.js';
import type { StandIn } from '../support/kubelet/stand-in.js';

const scene = captureScene();

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
  const run = (server: StandInApiServer, target = TARGET): Promise<Finished> =>
    coldcase([
      ...[
        'capture',
        target,
        '--kubeconfig',
        kubeconfig(server),
        '--checkpoint-dir',
        scene.kubelet.checkpoints,
      ],
      ...['-r', recipient, '-o', scene.out],
    ]);
  const checkpoint: StandIn['state']['checkpoint'] = (...what) => scene.kubelet.state.checkpoint(...what);

  test('the node is found from the pod, and recorded with its versions', async () => {
    const server = await startApiServer({ kubelet: { checkpoint } });
    const { code, stderr } = await run(server);
    await server.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(server.requests).toContain(
      'POST /api/v1/nodes/node-a/proxy/checkpoint/prod/payments-node-a/cache',
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

  test.runIf(existsSync('/proc/sys/kernel/random/boot_id'))(
    'a pod of another machine is refused before its node writes plaintext that nobody takes away',
    async () => {
      const server = await startApiServer({
        kubelet: { checkpoint },
        bootID: 'ffffffff-0000-4000-8000-000000000000',
      });
      const { code, stderr } = await run(server);
      await server.close();
      expect(code).toBe(ExitCode.notFound);
      expect(stderr).toContain('runs on node-a, which is not this machine');
      expect(server.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    },
  );
});
