import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase, type Finished } from '../support/coldcase.js';
import { type StandInApiServer, startApiServer } from '../support/kubelet/api-server.js';
import { STAMP, type StandIn, startStandIn } from '../support/kubelet/stand-in.js';
import { samplePath } from '../support/samples.js';
import { provedSha256, sha256 } from '../support/sealed.js';

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const TAR = decompress(readFileSync(samplePath('crio-looper')));
const ROOT = process.getuid?.() === 0;

let kubelet: StandIn;
let client: string;
let answer: ((path: string) => string | undefined) | undefined;
let out: string;
let runs = 0;

const NAME = (container: string): string => `checkpoint-payments-node-a_prod-${container}-${STAMP}.tar`;
const SEALED = (container: string): string => `${NAME(container).replaceAll(':', '')}.zst.age`;

beforeAll(async () => {
  kubelet = await startStandIn({
    intercept: async ({ method }) => {
      if (method !== 'POST' || !answer) return undefined;
      const body = answer(kubelet.checkpoints);
      return body === undefined ? undefined : { status: 200, type: 'application/json', body };
    },
  });
  kubelet.state.checkpoint = async (namespace, pod, container) => {
    const path = join(kubelet.checkpoints, `checkpoint-${pod}_${namespace}-${container}-${STAMP}.tar`);
    writeFileSync(path, TAR, { mode: 0o600 });
    return path;
  };
  client = kubelet.client('admin').both;
});
afterAll(() => kubelet.close());

beforeEach(() => {
  answer = undefined;
  runs += 1;
  out = join(kubelet.root, `out-${runs}`);
  mkdirSync(out);
  execFileSync('rm', ['-rf', kubelet.checkpoints]);
  mkdirSync(kubelet.checkpoints, { mode: 0o700 });
});

const TARGET = 'prod/payments-node-a/cache';
const connection = (): string[] => [
  ...['--kubelet', kubelet.url, '--certificate-authority', kubelet.ca],
  ...['--client-certificate', client, '--checkpoint-dir', kubelet.checkpoints],
];

function capture(...words: string[]): Promise<Finished> {
  const args = ['capture', TARGET, ...connection(), '-r', recipient, '-o', out, ...words];
  return coldcase(args);
}

/** Nothing was sealed, and nothing of the node's was removed. */
function nothingHappened(originals: readonly string[] = []): void {
  expect(readdirSync(out)).toEqual([]);
  expect(readdirSync(kubelet.checkpoints).sort()).toEqual([...originals].sort());
}

describe('a capture', () => {
  test('seals, proves, removes the original, and prints a receipt', async () => {
    const { code, stdout, stderr } = await capture();
    expect(stderr).toBe('');
    expect(code).toBe(ExitCode.done);
    expect(readdirSync(out).sort()).toEqual([SEALED('cache'), `${SEALED('cache')}.json`]);
    expect(readdirSync(kubelet.checkpoints)).toEqual([]);
    const sealed = join(out, SEALED('cache'));
    expect(await provedSha256(sealed, identity)).toBe(sha256(TAR));
    expect(statSync(sealed).mode & 0o777).toBe(0o600);
    expect(statSync(`${sealed}.json`).mode & 0o777).toBe(0o600);
    for (const part of [TARGET, sealed, sha256(TAR), sha256(readFileSync(sealed)), recipient, 'removed']) {
      expect(stdout).toContain(part);
    }
    expect(
      Math.max(
        ...stdout
          .split('\n')
          .filter((line) => !line.includes('/'))
          .map((line) => line.length),
      ),
    ).toBeLessThan(81);
  });

  test('records who was asked, what was answered, and what is known of node and pod', async () => {
    await capture('--timeout', '1m30s');
    const manifest = JSON.parse(readFileSync(join(out, `${SEALED('cache')}.json`), 'utf8'));
    expect(manifest.capture).toMatchObject({
      endpoint: kubelet.url,
      namespace: 'prod',
      pod: 'payments-node-a',
      container: 'cache',
      request: {
        method: 'POST',
        path: '/checkpoint/prod/payments-node-a/cache?timeout=90',
        timeoutSeconds: 90,
      },
      answer: { status: 200, items: [join(kubelet.checkpoints, NAME('cache'))] },
      node: { name: 'node-a', kubeletVersion: 'v1.36.0', containerRuntime: 'containerd' },
      podMetadata: { uid: '0f8fad5b-d9cb-469f-a165-70867728950e', labels: { app: 'payments-node-a' } },
    });
    expect(manifest.capture.node.kernel).toMatch(/^\d/);
    expect(manifest.proved).toBe(true);
    expect(readFileSync(join(out, `${SEALED('cache')}.json`), 'utf8')).not.toContain('PRIVATE');
  });

  test('--json is the receipt as one object', async () => {
    const { stdout } = await capture('--json');
    const receipt = JSON.parse(stdout);
    expect(receipt.failures).toEqual([]);
    expect(receipt.captured).toMatchObject([
      {
        container: 'cache',
        path: join(out, SEALED('cache')),
        tar: { size: TAR.length, sha256: sha256(TAR) },
        recipients: [recipient],
        proved: true,
        original: { path: join(kubelet.checkpoints, NAME('cache')), size: TAR.length, removed: true },
        warnings: [],
      },
    ]);
  });

  test('--keep-original keeps it, --quiet prints nothing', async () => {
    const { code, stdout, stderr } = await capture('--keep-original', '--quiet');
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('-o with a slash makes the directory, 0700; -o with a file names it', async () => {
    await coldcase(['capture', TARGET, ...connection(), '-r', recipient, '-o', `${out}/new/`]);
    expect(readdirSync(join(out, 'new'))).toContain(SEALED('cache'));
    expect(statSync(join(out, 'new')).mode & 0o777).toBe(0o700);
    const { code } = await coldcase([
      'capture',
      TARGET,
      ...connection(),
      '-r',
      recipient,
      '-o',
      join(out, 'x.age'),
    ]);
    expect(code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['new', 'x.age', 'x.age.json']);
  });

  test('-o - streams the sealed file, keeps the original, and says so', async () => {
    const sealed = join(out, 'streamed.age');
    const words = [
      'capture',
      TARGET,
      ...connection(),
      '-r',
      recipient,
      '-o',
      '-',
      '--manifest',
      `${sealed}.json`,
    ];
    const script = `"$0" "$@" > ${sealed}`;
    const child = spawn('sh', ['-c', script, process.execPath, BIN, ...words]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(await provedSha256(sealed, identity)).toBe(sha256(TAR));
    expect(JSON.parse(readFileSync(`${sealed}.json`, 'utf8'))).toMatchObject({ proved: false });
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
    expect(stderr).toContain('was kept');
  });

  test('a reader that goes away is an error, and the original is kept', async () => {
    const words = ['capture', TARGET, ...connection(), '-r', recipient, '-o', '-'];
    const { code, stderr } = await coldcase(words, { started: (child) => child.stdout?.destroy() });
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('the original is still there');
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('every archive that the answer names is taken', async () => {
    answer = (dir) => {
      writeFileSync(join(dir, 'checkpoint-payments-node-a_prod-cache-1.tar'), TAR);
      writeFileSync(join(dir, 'checkpoint-payments-node-a_prod-cache-2.tar'), TAR);
      return JSON.stringify({
        items: [1, 2].map((n) => `${dir}/checkpoint-payments-node-a_prod-cache-${n}.tar`),
      });
    };
    const { code } = await capture();
    expect(code).toBe(0);
    expect(readdirSync(out).length).toBe(4);
    expect(readdirSync(kubelet.checkpoints)).toEqual([]);
  });
});

describe('a whole pod', () => {
  const pod = (): Promise<Finished> =>
    coldcase(['capture', 'prod/payments-node-a', ...connection(), '-r', recipient, '-o', out, '--json']);

  test('every container that runs, one sealed file each', async () => {
    const { code, stdout } = await pod();
    expect(code).toBe(0);
    const containers = JSON.parse(stdout).captured.map((one: { container: string }) => one.container);
    expect(containers).toEqual(['api', 'cache', 'debugger']);
    expect(readdirSync(out).length).toBe(6);
    expect(readdirSync(kubelet.checkpoints)).toEqual([]);
  });

  test('one that fails does not lose the others, and the exit code tells', async () => {
    const { checkpoint } = kubelet.state;
    kubelet.state.checkpoint = async (...what) => {
      if (what[2] === 'api') throw new Error('rpc error: code = Unknown desc = no');
      return checkpoint(...what);
    };
    const { code, stdout, stderr } = await pod();
    kubelet.state.checkpoint = checkpoint;
    expect(code).toBe(ExitCode.failed);
    const { captured, failures } = JSON.parse(stdout);
    expect(captured.map((one: { container: string }) => one.container)).toEqual(['cache', 'debugger']);
    expect(failures).toMatchObject([{ container: 'api', exitCode: 1 }]);
    expect(stderr).toContain('prod/payments-node-a/api: coldcase: the checkpoint of');
  });

  test('one output file for several containers is refused before any is captured', async () => {
    const seen = kubelet.requests.filter((line) => line.startsWith('POST')).length;
    const words = [
      'capture',
      'prod/payments-node-a',
      ...connection(),
      '-r',
      recipient,
      '-o',
      join(out, 'x.age'),
    ];
    const { code } = await coldcase(words);
    expect(code).toBe(ExitCode.usage);
    expect(kubelet.requests.filter((line) => line.startsWith('POST')).length).toBe(seen);
    nothingHappened();
  });
});

describe('bad input: nothing is sealed or removed', () => {
  const item = (name: string): string => JSON.stringify({ items: [`${kubelet.checkpoints}/${name}`] });

  test('broken JSON', async () => {
    answer = () => '{"items":["';
    expect((await capture()).code).toBe(ExitCode.failed);
    nothingHappened();
  });

  test('.. in the path', async () => {
    writeFileSync(join(kubelet.root, 'x.tar'), TAR);
    answer = () => item('../x.tar');
    expect((await capture()).code).toBe(ExitCode.unsafe);
    nothingHappened();
    expect(existsSync(join(kubelet.root, 'x.tar'))).toBe(true);
  });

  test('a symlink', async () => {
    writeFileSync(join(kubelet.root, 'x.tar'), TAR);
    symlinkSync('../x.tar', join(kubelet.checkpoints, 'x.tar'));
    answer = () => item('x.tar');
    expect((await capture()).code).toBe(ExitCode.unsafe);
    nothingHappened(['x.tar']);
  });

  test('a FIFO, which would make a reader wait for ever', async () => {
    execFileSync('mkfifo', [join(kubelet.checkpoints, 'x.tar')]);
    answer = () => item('x.tar');
    expect((await capture()).code).toBe(ExitCode.unsafe);
    nothingHappened(['x.tar']);
  });

  test('a directory', async () => {
    mkdirSync(join(kubelet.checkpoints, 'x.tar'));
    answer = () => item('x.tar');
    expect((await capture()).code).toBe(ExitCode.unsafe);
    nothingHappened(['x.tar']);
  });

  test.runIf(ROOT)('a device (needs root)', async () => {
    execFileSync('mknod', [join(kubelet.checkpoints, 'x.tar'), 'c', '1', '5']);
    answer = () => item('x.tar');
    expect((await capture()).code).toBe(ExitCode.unsafe);
    nothingHappened(['x.tar']);
  });

  test('one unsafe item among good ones: none is taken', async () => {
    writeFileSync(join(kubelet.checkpoints, 'good.tar'), TAR);
    answer = (dir) => JSON.stringify({ items: [`${dir}/good.tar`, '/etc/shadow'] });
    const { code, stderr } = await capture();
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toContain('the original is still there');
    nothingHappened(['good.tar']);
  });

  test('something that is no tar, and a tar that was cut', async () => {
    answer = (dir) => {
      writeFileSync(join(dir, 'x.tar'), 'this is no tar');
      return item('x.tar');
    };
    expect((await capture()).code).toBe(ExitCode.integrity);
    nothingHappened(['x.tar']);
    answer = (dir) => {
      writeFileSync(join(dir, 'x.tar'), TAR.subarray(0, TAR.length - 5000));
      return item('x.tar');
    };
    expect((await capture()).code).toBe(ExitCode.integrity);
    nothingHappened(['x.tar']);
  });

  test('the checkpoint directory is missing: the kubelet is not asked for a checkpoint', async () => {
    rmdirSync(kubelet.checkpoints);
    const seen = kubelet.requests.length;
    const { code, stderr } = await capture();
    mkdirSync(kubelet.checkpoints, { mode: 0o700 });
    expect(code).toBe(ExitCode.notFound);
    expect(stderr).toContain('does not exist on this machine');
    expect(kubelet.requests.slice(seen).filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  test('the checkpoint directory is missing because the feature is off', async () => {
    rmdirSync(kubelet.checkpoints);
    kubelet.state.checkpoints = false;
    const { code, stderr } = await capture();
    kubelet.state.checkpoints = true;
    mkdirSync(kubelet.checkpoints, { mode: 0o700 });
    expect(code).toBe(ExitCode.notFound);
    expect(stderr).toContain('ContainerCheckpoint: true');
  });

  test.skipIf(ROOT)('the checkpoint directory may not be read (needs an ordinary user)', async () => {
    chmodSync(kubelet.checkpoints, 0);
    const { code } = await capture();
    chmodSync(kubelet.checkpoints, 0o700);
    expect(code).toBe(ExitCode.denied);
  });

  test.runIf(ROOT)('the checkpoint directory may not be read (as an ordinary user, by root)', async () => {
    // the scratch directory and the credentials are opened for everybody, the checkpoint directory is not
    chmodSync(join(kubelet.root, '..'), 0o755);
    chmodSync(client, 0o644);
    chmodSync(kubelet.ca, 0o644);
    const dir = join(kubelet.root, '../nobody');
    mkdirSync(dir);
    execFileSync('chown', ['65534', dir]);
    const words = [BIN, 'capture', TARGET, ...connection(), '-r', recipient, '-o', dir];
    const { status, stderr } = spawnSync(process.execPath, words, {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    });
    expect(stderr).toContain('may not be read by this user');
    expect(status).toBe(ExitCode.denied);
  });

  test('no recipient, bad recipients, a recipients file that anybody may write', async () => {
    const seen = kubelet.requests.length;
    const run = (...words: string[]) => coldcase(['capture', TARGET, ...connection(), '-o', out, ...words]);
    expect((await run()).code).toBe(ExitCode.usage);
    expect((await run('-r', 'age1nonsense')).code).toBe(ExitCode.usage);
    const secret = await run('-r', identity);
    expect(secret.code).toBe(ExitCode.usage);
    expect(secret.stderr).not.toContain(identity);
    const file = kubelet.file('recipients', `${recipient}\n`);
    chmodSync(file, 0o666);
    expect((await run('-R', file)).code).toBe(ExitCode.unsafe);
    chmodSync(file, 0o600);
    expect(kubelet.requests.length).toBe(seen);
    nothingHappened();
    expect((await run('-R', file)).code).toBe(0);
  });

  test('the output exists: nobody is asked; --force replaces it', async () => {
    const file = join(out, 'x.age');
    writeFileSync(file, 'evidence of another case');
    const seen = kubelet.requests.length;
    const run = (...words: string[]) =>
      coldcase(['capture', TARGET, ...connection(), '-r', recipient, '-o', file, ...words]);
    expect((await run()).code).toBe(ExitCode.unsafe);
    expect(readFileSync(file, 'utf8')).toBe('evidence of another case');
    expect(kubelet.requests.length).toBe(seen);
    expect((await run('--force')).code).toBe(0);
    expect(await provedSha256(file, identity)).toBe(sha256(TAR));
  });

  test('the output exists in a directory, under the name that only the answer tells', async () => {
    writeFileSync(join(out, SEALED('cache')), 'evidence of another case');
    const { code, stderr } = await capture();
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toContain('the original is still there, in plaintext');
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('the directory of the output is missing', async () => {
    const seen = kubelet.requests.length;
    const run = await coldcase([
      'capture',
      TARGET,
      ...connection(),
      '-r',
      recipient,
      '-o',
      join(out, 'no/x.age'),
    ]);
    expect(run.code).toBe(ExitCode.notFound);
    expect(kubelet.requests.length).toBe(seen);
  });

  test.each([
    ['no name', 'prod'],
    ['four names', 'a/b/c/d'],
    ['a path', '../../etc/passwd'],
    ['capitals', 'Prod/API/x'],
    ['a query', 'prod/pod/c?timeout=1'],
  ])('a target that is none: %s', async (_, target) => {
    const { code } = await coldcase(['capture', target, ...connection(), '-r', recipient]);
    expect(code).toBe(ExitCode.usage);
  });
});

describe('no room for the sealed copy: the original is kept, and nothing under the final name', () => {
  /** A shell line in which "$@" is the capture. */
  const inShell = (line: string, ...words: string[]) =>
    new Promise<Finished>((resolve) => {
      const args = ['capture', TARGET, ...connection(), '-r', recipient, ...words];
      const child = spawn('sh', ['-c', line, 'sh', process.execPath, BIN, ...args]);
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.on('close', (code) => resolve({ code, stdout: '', stderr }));
    });

  test('a limit on the size of files', async () => {
    const { code, stderr } = await inShell('ulimit -f 40; "$@"', '-o', out);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('the original is still there');
    expect(readdirSync(out)).toEqual([]);
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('standard output goes to a full device', async () => {
    const { code, stderr } = await inShell('"$@" > /dev/full', '-o', '-');
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('no space left');
    expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  const mountable =
    ROOT &&
    spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d']).status === 0;
  test.runIf(mountable)('a full disk (needs root and mount)', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', out]);
    try {
      const { code, stderr } = await capture();
      expect(code).toBe(ExitCode.failed);
      expect(stderr).toContain('no space left');
      expect(readdirSync(out)).toEqual([]);
      expect(readdirSync(kubelet.checkpoints)).toEqual([NAME('cache')]);
    } finally {
      execFileSync('umount', [out]);
    }
  });
});

describe('through the API server', () => {
  const kubeconfig = (server: StandInApiServer): string =>
    kubelet.file(
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
      ...['capture', target, '--kubeconfig', kubeconfig(server), '--checkpoint-dir', kubelet.checkpoints],
      ...['-r', recipient, '-o', out],
    ]);
  const checkpoint: StandIn['state']['checkpoint'] = (...what) => kubelet.state.checkpoint(...what);

  test('the node is found from the pod, and recorded with its versions', async () => {
    const server = await startApiServer({ kubelet: { checkpoint } });
    const { code, stderr } = await run(server);
    await server.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(server.requests).toContain(
      'POST /api/v1/nodes/node-a/proxy/checkpoint/prod/payments-node-a/cache',
    );
    const manifest = JSON.parse(readFileSync(join(out, `${SEALED('cache')}.json`), 'utf8'));
    expect(manifest.capture.node).toMatchObject({
      name: 'node-a',
      kubeletVersion: 'v1.36.0',
      containerRuntime: 'containerd://2.1.9',
    });
    expect(readdirSync(kubelet.checkpoints)).toEqual([]);
  });

  test('all containers of the pod', async () => {
    const server = await startApiServer({ kubelet: { checkpoint } });
    const { code } = await run(server, 'prod/payments-node-a');
    await server.close();
    expect(code).toBe(0);
    expect(readdirSync(out).length).toBe(6);
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

describe('a kubelet that does not answer', () => {
  test('the client gives up, and says that an archive may still appear, and where', async () => {
    const stuck = await startStandIn({
      intercept: async ({ method }, { response }) => {
        if (method !== 'POST') return undefined;
        await new Promise((resolve) => response.on('close', resolve));
        response.destroy();
        return { status: 200, type: 'text/plain', body: '' };
      },
    });
    const words = [
      ...['capture', TARGET, '--kubelet', stuck.url, '--certificate-authority', stuck.ca],
      ...['--client-certificate', stuck.client('admin').both, '--checkpoint-dir', stuck.checkpoints],
      ...['-r', recipient, '-o', out],
    ];
    const { code, stderr } = await coldcase([...words, '--request-timeout', '1']);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('no answer from');
    expect(stderr).toContain(`${stuck.checkpoints}/checkpoint-payments-node-a_prod-cache-*.tar`);

    const stopped = await coldcase(words, {
      started: (child) => setTimeout(() => child.kill('SIGINT'), 1500),
    });
    await stuck.close();
    expect(stopped.code).toBe(ExitCode.interrupted);
    expect(stopped.stderr).toContain('an archive may still appear');
    nothingHappened();
  });
});
