import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StandInApiServer, startApiServer } from '../support/kubelet/api-server.js';
import { captureScene, recipient, SEALED, TARGET } from '../support/kubelet/capture-scene.js';
import { TestTerminal, terminalsWork } from '../support/terminal/terminal.js';

const works = terminalsWork();
const scene = captureScene();
let server: StandInApiServer;
beforeAll(async () => {
  server = await startApiServer({
    kubelet: { checkpoint: (...what) => scene.kubelet.state.checkpoint(...what) },
  });
});
afterAll(() => server.close());

/** A capture on a terminal whose login helper asks for a code, which is the token. */
function captureOnTerminal(): TestTerminal {
  const script = `#!/bin/sh
printf 'Code: ' >&2
read code
case "$KUBERNETES_EXEC_INFO" in *'"interactive":true'*) ;; *) exit 9 ;; esac
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"'"$code"'"}}'
`;
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: scene.kubelet.file('asks', script, 0o700),
  };
  const ca = Buffer.from(server.authority.cert).toString('base64');
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'u', user: { exec } }],
  };
  const kubeconfig = scene.kubelet.file('kubeconfig', JSON.stringify(config));
  return new TestTerminal([
    ...['capture', TARGET, '--kubeconfig', kubeconfig, '--checkpoint-dir', scene.kubelet.checkpoints],
    ...['-r', recipient, '-o', scene.out],
  ]);
}

describe.skipIf(!works)(`a login helper on a terminal${works ? '' : ' (skipped: no python3)'}`, () => {
  test('asks the user there, as with kubectl', async () => {
    const screen = captureOnTerminal();
    await screen.until('Code:');
    screen.press('admin-token\r');
    expect(await screen.exited).toBe(0);
    expect(screen.output).toContain('sealed');
    expect(readdirSync(scene.out)).toContain(SEALED('cache'));
    screen.close();
  });

  test('and Ctrl-C there ends both', async () => {
    const screen = captureOnTerminal();
    await screen.until('Code:');
    const pressed = performance.now();
    screen.press('\x03');
    expect(await screen.exited).toBe(130);
    expect(performance.now() - pressed).toBeLessThan(3000);
    expect(screen.output).toContain('stopped by SIGINT');
    scene.nothingHappened();
    screen.close();
  });
});
