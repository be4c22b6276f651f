import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { KubeletClient } from '../../src/kubelet/client.js';
import { resolveEndpoint } from '../../src/kubelet/endpoint.js';
import { captureScene, NAME } from '../support/kubelet/capture-scene.js';
import { engineScene } from '../support/kubelet/engine-scene.js';

const scene = captureScene();

/** Something that happens once, and can be waited for. */
function event(): { readonly happened: Promise<void>; now(): void } {
  let now = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { happened, now: () => now() };
}

/** Another tool: it asks the kubelet without regard to anybody. */
async function askAsAnother(): Promise<unknown> {
  const { cert, key } = scene.kubelet.client('another');
  const client = KubeletClient.connect(
    await resolveEndpoint({
      kubelet: scene.kubelet.url,
      certificateAuthority: scene.kubelet.ca,
      clientCertificate: cert,
      clientKey: key,
    }),
  );
  const target = { namespace: 'prod', pod: 'payments-node-a', container: 'cache' };
  try {
    return await client
      .checkpoint(target, { timeout: 60, requestTimeout: 60_000 })
      .catch((error: unknown) => error);
  } finally {
    await client.close();
  }
}

describe('two captures of one container at once', () => {
  test('the second waits for the first, and says so; both are made', async () => {
    const begun = event();
    const waits = event();
    const node = await engineScene(scene, {
      midway: async () => {
        begun.now();
        await waits.happened;
      },
    });
    const first = node.capture();
    await begun.happened;
    const second = node.capture([], {
      started: (child) => {
        let text = '';
        child.stderr?.on('data', (chunk: Buffer) => {
          text += String(chunk);
          if (text.includes('another capture of it runs')) waits.now();
        });
      },
    });
    expect((await first).code).toBe(0);
    const { code, stderr } = await second;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^coldcase: prod\/payments-node-a\/cache: another capture of it runs \(PID \d+, for .*\): waiting for it to end$/m,
    );
  });

  test('but not longer than its own time', async () => {
    const begun = event();
    const leave = event();
    const node = await engineScene(scene, {
      midway: async () => {
        begun.now();
        await leave.happened;
      },
    });
    const first = node.capture();
    await begun.happened;
    const { code, stderr } = await node.capture(['--request-timeout', '1']);
    leave.now();
    await first;
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('another capture of prod/payments-node-a/cache has been running for');
    expect(scene.kubelet.requests.filter((line) => line.startsWith('POST')).length).toBe(3);
  });

  test("another tool's is waited for, when it is seen at work", async () => {
    const node = await engineScene(scene);
    node.container.trace(true);
    const { code, stderr } = await node.capture([], {
      started: (child) => {
        let text = '';
        child.stderr?.on('data', (chunk: Buffer) => {
          text += String(chunk);
          if (text.includes('somebody else checkpoints it')) node.container.trace(false);
        });
      },
    });
    expect(code).toBe(0);
    expect(stderr).toContain('somebody else checkpoints it: criu (PID 72): waiting for it to end');
  });

  test.each([
    ['containerd', 'another checkpoint of prod/payments-node-a/cache was made at the same time', []],
    ['cri-o', 'another checkpoint, a debugger or strace traces it', [NAME('cache')]],
  ] as const)("%s: when another tool's comes in between, that is what is told", async (kind, told, left) => {
    const node = await engineScene(scene, {
      kind,
      midway: async () => {
        expect(await askAsAnother()).toMatchObject({
          message: expect.stringContaining('another checkpoint'),
        });
      },
    });
    const { code, stderr } = await node.capture();
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain(told);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual(left);
  });
});
