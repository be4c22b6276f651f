import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyHost } from '../support/hosts.js';
import { captureScene, NAME, SEALED, TAR } from '../support/kubelet/capture-scene.js';
import { leaveBehind, SIZES } from '../support/leftovers.js';

const scene = captureScene();

interface Piece {
  readonly what: string;
  readonly path: string;
  readonly size: number;
  readonly age: number;
  readonly meanwhile: boolean;
  readonly kept: string | null;
}

function piecesOf(stdout: string): readonly Piece[] {
  return JSON.parse(stdout).leftovers.pieces;
}

test('after a capture, what engines left on the node is warned of, with size and age', async () => {
  const host = await emptyHost();
  await leaveBehind(host);
  const text = await scene.capture('--host-root', host);
  expect(text).toMatchObject({ code: 0 });
  expect(text.stdout).toMatch(
    /^warning +plaintext lies in \/tmp\/ctrd-checkpoint2718281828 \(containerd: CRIU's images, 7.03 KiB, [\d.]+ s old\)$/m,
  );
  expect(text.stdout).toMatch(/^warning +coldcase node checkpoints --prune --leftovers removes/m);
  const json = await scene.capture('--host-root', host, '--json', '--force');
  expect(json).toMatchObject({ code: 0 });
  expect(JSON.parse(json.stdout).captured).toHaveLength(1);
  expect(piecesOf(json.stdout).map(({ what, size }) => [what, size])).toEqual([
    ['criu-images', SIZES.images],
    ['container-state', SIZES.state],
    ['container-userdata', SIZES.userdata],
    ['content-ingest', SIZES.ingest],
    ['content-blob', 1536],
  ]);
  for (const { age, meanwhile } of piecesOf(json.stdout)) {
    expect(age).toBeGreaterThanOrEqual(0);
    expect(meanwhile).toBe(false);
  }
});

test('a capture that failed tells too: half an archive, and what the engine left meanwhile', async () => {
  const host = await emptyHost();
  const { checkpoint } = scene.kubelet.state;
  scene.kubelet.state.checkpoint = async (_namespace, _pod, container) => {
    // the disk is full: an engine leaves what it has written so far
    writeFileSync(join(scene.kubelet.checkpoints, NAME(container)), TAR.subarray(0, 5000), { mode: 0o600 });
    await leaveBehind(host);
    throw new Error('rpc error: code = Unknown desc = write: no space left on device');
  };
  try {
    const json = await scene.capture('--host-root', host, '--json');
    expect(json.code).not.toBe(0);
    expect(JSON.parse(json.stdout).captured).toEqual([]);
    const pieces = piecesOf(json.stdout);
    expect(pieces.map(({ what }) => what)).toContain('criu-images');
    for (const { meanwhile } of pieces) expect(meanwhile).toBe(true);
    expect(pieces.at(-1)).toMatchObject({ what: 'archive', size: 5000, kept: 'it is in no sealed file' });
    const text = await scene.capture('--host-root', host);
    expect(text.stdout).toBe('');
    expect(text.stderr).toMatch(
      /warning +plaintext lies in .*\(kubelet: a truncated archive, 4.88 KiB, [\d.]+ s old\)/,
    );
  } finally {
    scene.kubelet.state.checkpoint = checkpoint;
  }
});

test('an archive of another container that appears meanwhile is none of this one', async () => {
  const { checkpoint } = scene.kubelet.state;
  const other = 'checkpoint-payments-node-a_prod-cache-exporter-2026-11-23T16:25:48Z.tar';
  scene.kubelet.state.checkpoint = async (...asked) => {
    writeFileSync(join(scene.kubelet.checkpoints, other), TAR, { mode: 0o600 });
    return checkpoint(...asked);
  };
  try {
    const json = await scene.capture('--host-root', await emptyHost(), '--json', '--force');
    expect(json.code).toBe(0);
    expect(piecesOf(json.stdout)).toEqual([]);
  } finally {
    scene.kubelet.state.checkpoint = checkpoint;
    rmSync(join(scene.kubelet.checkpoints, other));
  }
});

test('a clean node is told as one, and a captured archive is no leftover', async () => {
  const host = await emptyHost();
  const { code, stdout } = await scene.capture('--host-root', host, '--json', '--keep-original');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).leftovers).toEqual({ pieces: [], notLookedAt: [] });
  expect(readdirSync(scene.out)).toContain(SEALED('cache'));
});
