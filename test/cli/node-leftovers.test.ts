import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, coldcase } from '../support/coldcase.js';
import { emptyHost, hostCopy } from '../support/hosts.js';
import { CONTAINERD_ID, CRIO_ID, leaveBehind, SIZES } from '../support/leftovers.js';
import { samplePath } from '../support/samples.js';

const root = process.getuid?.() === 0;
/** Mounts and processes of our own: no engine of the machine that tests run on is seen. */
/** The checkout. */
const ROOT = dirname(dirname(BIN));
const UNSHARE = ['-m', '-p', '-f', '--mount-proc'] as const;
/** Whether this root may mount: a container's often may not. */
const mayMount =
  root &&
  spawnSync('unshare', [...UNSHARE, 'sh', '-c', 'mount -t tmpfs none /tmp'], { timeout: 10_000 }).status ===
    0;

const NAME = (pod: string): string => `checkpoint-${pod}_prod-api-2026-11-20T16:25:48Z.tar`;

async function nodeWithLeftovers(): Promise<string> {
  const host = await hostCopy('bare');
  await leaveBehind(host);
  await chmod(join(host, 'var/lib/kubelet/checkpoints'), 0o700);
  return host;
}

async function plainTar(): Promise<Buffer> {
  const directory = await emptyHost();
  const path = join(directory, 'x.tar');
  const { stdout, code } = await coldcase(['keygen', '-o', join(directory, 'key.txt')]);
  expect(code, stdout).toBe(0);
  const recipient = /age1[a-z0-9]+/.exec(await readFile(join(directory, 'key.txt'), 'utf8'))?.[0] ?? '';
  const sealed = join(directory, 'x.tar.zst.age');
  await coldcase(['seal', samplePath('crio-looper'), '-r', recipient, '-o', sealed]);
  expect((await coldcase(['unseal', sealed, '-i', join(directory, 'key.txt'), '-o', path])).code).toBe(0);
  return readFile(path);
}

test('node checkpoints names what engines left, with size and age, and where it lies', async () => {
  const host = await nodeWithLeftovers();
  const words = ['node', 'checkpoints', '--host-root', host];
  const { stdout, code } = await coldcase([...words, '--json']);
  expect(code).toBe(0);
  const rows: readonly Record<string, unknown>[] = JSON.parse(stdout);
  expect(rows.map(({ what, size, state }) => [what, size, state]).sort()).toEqual([
    ['coldcase-partial', SIZES.partial, 'left behind'],
    ['container-state', SIZES.state, 'left behind'],
    ['container-userdata', SIZES.userdata, 'left behind'],
    ['content-blob', 1536, 'left behind'],
    ['content-ingest', SIZES.ingest, 'left behind'],
    ['criu-images', SIZES.images, 'left behind'],
  ]);
  for (const { age } of rows) expect(age).toBeLessThan(3600);
  const table = await coldcase(words);
  expect(table.stdout).toContain("/tmp/ctrd-checkpoint2718281828: CRIU's images, left by containerd");
});

test('without the checkpoint directory, what lies elsewhere is listed; with nothing anywhere it is an error', async () => {
  const host = await emptyHost();
  await mkdir(join(host, 'tmp/ctrd-checkpoint1'), { recursive: true });
  const found = await coldcase(['node', 'checkpoints', '--host-root', host, '--json']);
  expect(found.code).toBe(0);
  expect(JSON.parse(found.stdout)).toHaveLength(1);
  const empty = ['node', 'checkpoints', '--host-root', await emptyHost()];
  expect((await coldcase(empty)).code).toBe(4);
  expect((await coldcase([...empty, '--prune', '--leftovers', '--yes'])).code).toBe(0);
});

test('truncated archives are marked: cut in data, in a header, between entries; empty; and what is no tar', async () => {
  const host = await hostCopy('bare');
  const directory = join(host, 'var/lib/kubelet/checkpoints');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const whole = await plainTar();
  // the last header before the end mark, found from behind: where an archive cut between entries would end
  const end = whole.length - 1024;
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['a-whole', whole, 'whole'],
    ['b-data', whole.subarray(0, Math.floor(whole.length / 2)), 'truncated'],
    ['c-header', whole.subarray(0, 700), 'truncated'],
    ['d-unmarked', whole.subarray(0, lastData(whole, end)), 'truncated'],
    ['e-empty', Buffer.alloc(0), 'truncated'],
    ['f-other', Buffer.alloc(4096, 'no archive '), 'no tar'],
  ];
  for (const [pod, bytes] of cases) await writeFile(join(directory, NAME(pod)), bytes);
  const { stdout } = await coldcase(['node', 'checkpoints', '--host-root', host, '--json']);
  const rows: readonly { pod: string; state: string; problem: string | null }[] = JSON.parse(stdout);
  const byPod = new Map(rows.map((row) => [row.pod, row]));
  for (const [pod, , state] of cases) expect(byPod.get(pod)?.state, pod).toBe(state);
  expect(byPod.get('b-data')?.problem).toMatch(
    /^truncated, or still being written: .*cut short in the data of/,
  );
  expect(byPod.get('d-unmarked')?.problem).toContain('lacks the mark that ends a tar');
  expect(byPod.get('a-whole')?.problem).toBeNull();
});

/** Where the zeros before `end` begin, in blocks: the padding and end mark of the tar are dropped. */
function lastData(tar: Buffer, end: number): number {
  let at = end;
  while (tar.subarray(at - 512, at).every((byte) => byte === 0)) at -= 512;
  return at;
}

test('below another root nothing is removed, and it is said why', async () => {
  const host = await nodeWithLeftovers();
  const words = ['node', 'checkpoints', '--host-root', host, '--prune', '--leftovers', '--yes'];
  const { code, stderr } = await coldcase(words);
  expect(code).toBe(6);
  expect(stderr).toContain('whether anything runs in it cannot be told below --host-root');
  expect(await readdir(join(host, 'tmp'))).toEqual(['ctrd-checkpoint2718281828']);
});

test('--leftovers belongs to --prune, and is not for archives', async () => {
  const host = ['--host-root', await emptyHost()];
  expect((await coldcase(['node', 'checkpoints', '--leftovers', ...host])).code).toBe(2);
  expect(
    (await coldcase(['node', 'checkpoints', '--prune', '--leftovers', '--keep', '1', ...host])).code,
  ).toBe(2);
});

test.skipIf(!mayMount)(
  `on the node itself what nothing runs in is removed, and nothing else${mayMount ? '' : ' (skipped: needs root that may mount)'}`,
  async () => {
    const fixture = await emptyHost();
    await leaveBehind(fixture);
    // the places of this machine are hidden below empty ones, for this process and its children only
    const script = `
      set -e
      cp -a "$1" /run/coldcase-fixture
      mount --bind "$3" /mnt # the checkout may lie below what is hidden
      for place in tmp var/lib/containerd var/lib/containers var/lib/kubelet; do
        mkdir -p /$place
        mount -t tmpfs none /$place
        if [ -d "/run/coldcase-fixture/$place" ]; then cp -a /run/coldcase-fixture/$place/. /$place/; fi
      done
      chmod 1777 /tmp
      rm -rf /run/coldcase-fixture
      mkdir /tmp/ctrd-checkpoint5 && chown 65534 /tmp/ctrd-checkpoint5
      # as if containerd had been started again after it was killed: the name is what counts, and the time
      if [ "$5" = restarted ]; then
        sleep 4
        for engine in containerd crio; do
          cp "$(command -v sleep)" /run/coldcase-$engine-$$ && mkdir -p /tmp/bin && mv /run/coldcase-$engine-$$ /tmp/bin/$engine
          /tmp/bin/$engine 60 &
        done
        sleep 1
      fi
      status=0
      "$2" /mnt/bin/coldcase.js node checkpoints --prune --leftovers $4 < /dev/null || status=$?
      kill $(jobs -p) 2>/dev/null || true
      echo "exit $status"
      find /tmp /var/lib/containerd /var/lib/containers /var/lib/kubelet -type f
    `;
    const run = (words: string, engine: string) =>
      spawnSync(
        'unshare',
        [...UNSHARE, 'sh', '-c', script, 'sh', fixture, process.execPath, ROOT, words, engine],
        {
          encoding: 'utf8',
          timeout: 120_000,
        },
      );
    // no engine is seen, and this is not all of the machine: it may run where we do not see it
    const young = run('--yes', 'stopped');
    expect(young.stdout).toContain('exit 6');
    expect(young.stderr).toContain('cannot be seen from this PID namespace');
    expect(young.stderr).toContain('belongs to user 65534');
    expect(young.stdout).toContain('/tmp/ctrd-checkpoint2718281828/pages-1.img');
    const asked = run('', 'restarted');
    expect(asked.stdout).toContain('exit 2'); // there is nobody to ask
    expect(asked.stdout).toContain('/tmp/ctrd-checkpoint2718281828/pages-1.img');
    const pruned = run('--yes', 'restarted');
    expect(pruned.stderr).toMatch(/ctrd-checkpoint2718281828 .*nothing runs in it/);
    const left = pruned.stdout.slice(pruned.stdout.indexOf('exit')).split('\n').sort();
    const store = '/var/lib/containerd/io.containerd.content.v1.content';
    const storage = '/var/lib/containers/storage/overlay-containers';
    expect(left.filter((line) => line.startsWith('/') && !line.startsWith('/tmp/bin/'))).toEqual([
      // containerd's to remove, and what was never a checkpoint's
      `${store}/blobs/sha256/${'12'.repeat(32)}`,
      `${store}/blobs/sha256/${'ef'.repeat(32)}`,
      `${store}/ingest/${'cd'.repeat(32)}/data`,
      `${store}/ingest/${'cd'.repeat(32)}/ref`,
      `/var/lib/containerd/io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/status`,
      `${storage}/${CRIO_ID}/userdata/config.json`,
      `${storage}/${'77'.repeat(32)}/userdata/checkpoint/pages-1.img`,
      `${storage}/${'77'.repeat(32)}/userdata/config.json`,
      // another coldcase may run where we do not see it
      '/var/lib/kubelet/checkpoints/.checkpoint-a_b-c.tar.zst.age.0123456789ab.partial',
    ]);
  },
);
