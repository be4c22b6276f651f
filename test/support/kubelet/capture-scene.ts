import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { decompress } from 'zstd-napi';
import { coldcase, type Finished } from '../coldcase.js';
import { samplePath } from '../samples.js';
import { STAMP, type StandIn, startStandIn } from './stand-in.js';

export const identity = await generateX25519Identity();
export const recipient = await identityToRecipient(identity);
/** What every checkpoint is. */
export const TAR = decompress(readFileSync(samplePath('crio-looper')));
export const TARGET = 'prod/payments-node-a/cache';

/** Name of the archive of a container, and of what it is sealed to. */
export const NAME = (container: string): string =>
  `checkpoint-payments-node-a_prod-${container}-${STAMP}.tar`;
export const SEALED = (container: string): string => `${NAME(container).replaceAll(':', '')}.zst.age`;

/** A node with a kubelet, and a responder who captures there. */
export interface Scene {
  readonly kubelet: StandIn;
  /** Client certificate and key. */
  readonly client: string;
  /** An empty directory for the results of this test. */
  readonly out: string;
  /** What the kubelet answers to a checkpoint instead of making one. */
  answer: ((checkpoints: string) => string) | undefined;
  /** The flags that lead to the kubelet. */
  connection(): string[];
  /** Captures one container into `out`. */
  capture(...words: string[]): Promise<Finished>;
  /** Expects that nothing was sealed, and that exactly these archives are on the node. */
  nothingHappened(originals?: readonly string[]): void;
}

/** Sets the scene for the tests of a file: to be called at its top. */
export function captureScene(): Scene {
  let kubelet: StandIn | undefined;
  let runs = 0;
  const scene: { -readonly [K in keyof Scene]: Scene[K] } = {
    client: '',
    out: '',
    answer: undefined,
    get kubelet(): StandIn {
      if (!kubelet) throw new Error('the scene is not set yet');
      return kubelet;
    },
    connection: () => [
      ...['--kubelet', scene.kubelet.url, '--certificate-authority', scene.kubelet.ca],
      ...['--client-certificate', scene.client, '--checkpoint-dir', scene.kubelet.checkpoints],
    ],
    capture: (...words: string[]) =>
      coldcase(['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', scene.out, ...words]),
    nothingHappened(originals: readonly string[] = []) {
      expect(readdirSync(scene.out)).toEqual([]);
      expect(readdirSync(scene.kubelet.checkpoints).sort()).toEqual([...originals].sort());
    },
  };
  beforeAll(async () => {
    kubelet = await startStandIn({
      intercept: async ({ method }) => {
        if (method !== 'POST' || !scene.answer) return undefined;
        return { status: 200, type: 'application/json', body: scene.answer(scene.kubelet.checkpoints) };
      },
    });
    kubelet.state.checkpoint = async (_namespace, _pod, container) => {
      const path = join(scene.kubelet.checkpoints, NAME(container));
      writeFileSync(path, TAR, { mode: 0o600 });
      return path;
    };
    scene.client = kubelet.client('admin').both;
  });
  afterAll(() => scene.kubelet.close());
  beforeEach(() => {
    scene.answer = undefined;
    runs += 1;
    scene.out = join(scene.kubelet.root, `out-${runs}`);
    mkdirSync(scene.out);
    rmSync(scene.kubelet.checkpoints, { recursive: true, force: true });
    mkdirSync(scene.kubelet.checkpoints, { mode: 0o700 });
  });
  return scene;
}
