import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase } from '../support/coldcase.js';
import { captureScene, recipient, TARGET } from '../support/kubelet/capture-scene.js';
import { startStandIn } from '../support/kubelet/stand-in.js';

const scene = captureScene();

describe('a kubelet that does not answer', () => {
  test('the client gives up, and says that an archive may still appear, and where', async () => {
    let asked = (): void => {};
    const stuck = await startStandIn({
      intercept: async ({ method }, { response }) => {
        if (method !== 'POST') return undefined;
        asked();
        await new Promise((resolve) => response.on('close', resolve));
        response.destroy();
        return { status: 200, type: 'text/plain', body: '' };
      },
    });
    const words = [
      ...['capture', TARGET, '--kubelet', stuck.url, '--certificate-authority', stuck.ca],
      ...['--client-certificate', stuck.client('admin').both, '--checkpoint-dir', stuck.checkpoints],
      ...['-r', recipient, '-o', scene.out],
    ];
    const { code, stderr } = await coldcase([...words, '--request-timeout', '1']);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('no answer from');
    expect(stderr).toContain(`${stuck.checkpoints}/checkpoint-payments-node-a_prod-cache-*.tar`);

    const stopped = await coldcase(words, {
      started: (child) => {
        asked = () => child.kill('SIGINT');
      },
    });
    await stuck.close();
    expect(stopped.code).toBe(ExitCode.interrupted);
    expect(stopped.stderr).toContain('an archive may still appear');
    scene.nothingHappened();
  });
});
