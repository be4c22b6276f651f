import { createReadStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../base/file-errors.js';
import { formatTime } from '../../base/units.js';
import { writeAside, writeFileAside } from '../../base/write-aside.js';
import { decodeZstd } from '../../bytes/zstd.js';
import { type EmbeddedState, kubeletAnswer } from '../../kubelet/embedded/answers.js';
import { serveHttps } from '../../kubelet/embedded/server.js';
import { createAuthority, issue } from '../../kubelet/embedded/x509.js';

/** What stands for a node: a kubelet behind mutual TLS, its checkpoint directory, and a responder's credentials. */
export interface StandInNode {
  /** The flags of capture that lead to it. */
  readonly flags: readonly string[];
  /** Stops the kubelet and removes its directory. */
  close(): Promise<void>;
}

export const DEMO_TARGET = { namespace: 'prod', pod: 'payments', container: 'api' } as const;
const SAMPLE = fileURLToPath(new URL('../../../samples/podman-incident.tar.zst', import.meta.url));

/** Starts the node below `parent`, mode 0700. Its "checkpoint" is the sample archive, written as a kubelet writes. */
export async function startStandInNode(parent: string): Promise<StandInNode> {
  const root = await mkdtemp(join(parent, 'node-')).catch((cause: unknown) => {
    throw fileError(cause, parent, 'write to directory');
  });
  // a private key and a checkpoint in plaintext are in it: it goes also where the process ends at once
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  process.once('exit', remove);
  const checkpoints = join(root, 'checkpoints');
  try {
    await mkdir(checkpoints, { mode: 0o700 }).catch((cause: unknown) => {
      throw fileError(cause, checkpoints, 'make directory');
    });
    const authority = createAuthority('demo-kubernetes');
    const serving = issue(authority, {
      subject: { commonName: 'demo-node' },
      names: ['127.0.0.1', 'demo-node'],
      usage: 'server',
    });
    const responder = issue(authority, { subject: { commonName: 'responder' }, usage: 'client' });
    const files = { ca: join(root, 'ca.crt'), client: join(root, 'responder.pem') };
    await writeFileAside(files.ca, authority.cert);
    await writeFileAside(files.client, responder.cert + responder.key);
    const server = await serveHttps({ serving, clientAuthority: authority.cert }, (request) =>
      kubeletAnswer(demoState(resolve(checkpoints)), request),
    );
    const here = (path: string): string => relative('', path) || path;
    return {
      flags: [
        ...['--kubelet', server.url],
        ...['--certificate-authority', here(files.ca)],
        ...['--client-certificate', here(files.client)],
        ...['--checkpoint-dir', here(checkpoints)],
      ],
      async close() {
        await server.close();
        remove();
        process.off('exit', remove);
      },
    };
  } catch (error) {
    remove();
    process.off('exit', remove);
    throw error;
  }
}

function demoState(checkpoints: string): EmbeddedState {
  const { namespace, pod, container } = DEMO_TARGET;
  return {
    nodeName: 'demo-node',
    pods: [
      {
        namespace,
        name: pod,
        uid: '7d3f1f5e-6c0b-4f0e-9a55-2f1d5c1b8a90',
        containers: [
          { name: container, kind: 'container', image: 'registry.example/payments:7', running: true },
        ],
      },
    ],
    checkpoints: true,
    allowed: (user) => user === 'responder',
    checkpoint: async () => {
      const name = `checkpoint-${pod}_${namespace}-${container}-${formatTime(new Date())}.tar`;
      const path = join(checkpoints, name);
      await writeAside(path, {}, async ({ output }) => {
        for await (const piece of decodeZstd(createReadStream(SAMPLE), SAMPLE)) await output.append(piece);
      });
      return path;
    },
  };
}
