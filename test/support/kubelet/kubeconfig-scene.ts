import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { stringify } from 'yaml';
import { ColdcaseError } from '../../../src/base/errors.js';
import { KubeletClient } from '../../../src/kubelet/client.js';
import { type EndpointContext, resolveEndpoint } from '../../../src/kubelet/endpoint.js';
import { type ApiServerOptions, type StandInApiServer, startApiServer } from './api-server.js';

export const TARGET = { namespace: 'prod', pod: 'payments-node-a', container: 'cache' };
/** What the API server's node answers to a checkpoint. */
export const FOUND = ['/var/lib/kubelet/checkpoints/checkpoint-x.tar'];

export interface KubeconfigScene {
  readonly server: StandInApiServer;
  /** A scratch directory, where the kubeconfigs are. */
  readonly directory: string;
  /** Writes a file there. */
  file(name: string, text: string, mode?: number): string;
  /** Writes a kubeconfig with one user and one cluster, the API server's. */
  kubeconfig(user: object, cluster?: object, name?: string): string;
  /** Asks for a checkpoint with it. */
  checkpoint(path: string, flags?: Flags, context?: EndpointContext): Promise<readonly string[]>;
}

interface Flags {
  readonly node?: string;
  readonly context?: string;
  readonly tlsFingerprint?: string;
}

/** An API server, and kubeconfigs for it: to be called at the top of a file of tests. */
export function kubeconfigScene(options: Partial<ApiServerOptions> = {}): KubeconfigScene {
  let server: StandInApiServer | undefined;
  let directory = '';
  const scene: KubeconfigScene = {
    get server(): StandInApiServer {
      if (!server) throw new Error('the scene is not set yet');
      return server;
    },
    get directory(): string {
      return directory;
    },
    file(name, text, mode = 0o600) {
      const path = join(directory, name);
      writeFileSync(path, text, { mode });
      return path;
    },
    kubeconfig(user, cluster = {}, name = 'config') {
      const ca = Buffer.from(scene.server.authority.cert).toString('base64');
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'main',
        contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
        clusters: [
          { name: 'c', cluster: { server: scene.server.url, 'certificate-authority-data': ca, ...cluster } },
        ],
        users: [{ name: 'u', user }],
      };
      return scene.file(name, stringify(config));
    },
    async checkpoint(path, flags = { node: 'node-a' }, context = {}) {
      const client = KubeletClient.connect(await resolveEndpoint({ kubeconfig: path, ...flags }, context));
      try {
        return (await client.checkpoint(TARGET, { timeout: 30, requestTimeout: 5000 })).items;
      } finally {
        await client.close();
      }
    },
  };
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coldcase-kubeconfig-'));
    server = await startApiServer({
      ...options,
      get kubeletDown() {
        return options.kubeletDown === true; // may change
      },
      kubelet: { checkpoint: async () => FOUND[0] ?? '', ...options.kubelet },
    });
  });
  afterAll(async () => {
    await server?.close();
    rmSync(directory, { recursive: true });
  });
  return scene;
}

/** The error that a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<ColdcaseError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ColdcaseError) return error;
  throw error;
}
