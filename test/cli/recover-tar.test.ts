import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN } from '../support/coldcase.js';
import { buildImage, encode } from '../support/criu-image.js';
import { sampleFiles } from '../support/memory-archive.js';
import { rawHeader } from '../support/raw-tar.js';
import { samplePath } from '../support/samples.js';
import { hasStock, shell, stockTitle } from '../support/stock-tools.js';

const SAMPLE = samplePath('podman-incident');
const KEY = SAMPLE.replace(/[^/]*$/, 'demo-key.txt');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-recover-tar-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function run(words: readonly string[], input?: Buffer) {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    ...{ env, input, maxBuffer: 1 << 28 },
  });
  return { status, stdout, stderr: stderr.toString() };
}

interface Listing {
  readonly tool: { readonly name: string };
  readonly archive: { readonly name: string; readonly tarSha256: string | null };
  readonly objects: readonly {
    readonly name: string;
    readonly path: string | null;
    readonly sha256: string | null;
  }[];
  readonly notRecovered: readonly string[];
}

/** What stock tar lists of a tar, as `MODE OWNER SIZE DATE TIME NAME`. */
function stockList(tar: Buffer): string[] {
  const words = ['--numeric-owner', '-tvf', '-'];
  const { stdout } = spawnSync('tar', words, { input: tar, env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } });
  const lines = stdout.toString('latin1').trimEnd().split('\n');
  return lines.map((line) => line.replace(/ +/g, ' '));
}

function listingOf(tar: Buffer): Listing {
  const { stdout } = spawnSync('tar', ['-xOf', '-', 'recovered.json'], { input: tar });
  return JSON.parse(stdout.toString());
}

describe('recover --tar', () => {
  test('objects with owner, permissions and times, a listing first; contents are those that -C writes', () => {
    const { status, stdout, stderr } = run(['recover', SAMPLE, '--tar', '-']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stockList(stdout);
    expect(lines[0]).toMatch(/^-rw------- 0\/0 \d+ 2026-11-23 16:04 recovered\.json$/);
    expect(lines).toContain('-rwxr-xr-x 0/0 682080 2026-11-23 16:04 deleted/tmp/.x/xmrig');
    expect(lines).toContain('-rw-r--r-- 0/0 44 2026-11-23 16:04 deleted/tmp/ghost.log');
    expect(lines).toContain('-rw------- 0/0 35 2026-11-23 16:04 pipes/984775');
    const out = join(directory, 'files');
    const rows = JSON.parse(run(['recover', SAMPLE, '-C', out, '--json']).stdout.toString());
    expect(lines).toHaveLength(rows.length + 1);
    expect(listingOf(stdout)).toMatchObject({
      tool: { name: 'coldcase' },
      archive: { name: 'podman-incident.tar.zst', tarSha256: null },
      objects: rows,
      notRecovered: [],
    });
    const untarred = join(directory, 'untarred');
    mkdirSync(untarred);
    spawnSync('tar', ['-xf', '-', '-C', untarred], { input: stdout });
    for (const { path } of rows) {
      expect(readFileSync(join(untarred, path)).equals(readFileSync(join(out, path))), path).toBe(true);
      expect(Math.floor(statSync(join(untarred, path)).mtimeMs / 1000)).toBeGreaterThan(1_795_000_000);
    }
    expect(run(['recover', SAMPLE, '--tar', '-']).stdout.equals(stdout)).toBe(true);
  });

  const tools = ['age', 'zstd'] as const;
  test.runIf(hasStock(...tools))(
    stockTitle('from sealed evidence into a sealed file, by pipes; age, zstd and tar open it', ...tools),
    () => {
      const coldcase = `'${process.execPath}' '${BIN}'`;
      const sealed = samplePath('podman-incident', '.tar.zst.age');
      shell(
        `${coldcase} recover '${sealed}' -i '${KEY}' --tar - | ${coldcase} seal - -q -r $(${coldcase} keygen -y '${KEY}') -o again.age`,
        directory,
      );
      const tar = shell(`age -d -i '${KEY}' again.age | zstd -d`, directory);
      expect(shell(`${coldcase} unseal again.age -i '${KEY}' -o -`, directory).equals(tar)).toBe(true);
      const { archive, objects } = listingOf(tar);
      expect(archive.name).toBe('podman-incident.tar.zst.age');
      expect(archive.tarSha256).toMatch(/^[0-9a-f]{64}$/);
      expect(objects.map(({ name }) => name)).toContain('/tmp/.x/xmrig');
      const cat = run(['cat', join(directory, 'again.age'), '-i', KEY, 'deleted/tmp/ghost.log']);
      expect(cat.stdout.toString()).toBe('attacker log: uploaded /etc/shadow at 03:14\n');
      expect(
        run(['extract', join(directory, 'again.age'), '-i', KEY, '-C', join(directory, 'out')]).status,
      ).toBe(0);
    },
  );

  test('as a file it is 0600, replaces nothing unless forced, and the table says where each object is', () => {
    const path = join(directory, 'recovered.tar');
    const { status, stdout } = run(['recover', SAMPLE, '--tar', path, '--json']);
    expect(status).toBe(0);
    const rows: Listing['objects'] = JSON.parse(stdout.toString());
    expect(rows.map((row) => row.path)).toContain('memfd/2-payload');
    expect(lstatSync(path).mode & 0o7777).toBe(0o600);
    const before = readFileSync(path);
    const again = run(['recover', SAMPLE, '--tar', path]);
    expect(again).toMatchObject({ status: ExitCode.unsafe });
    expect(again.stderr).toContain('exists');
    expect(run(['recover', SAMPLE, '--tar', path, '--force', '--columns', 'path']).status).toBe(0);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('goes with no other way of writing, and its output with no other output', () => {
    const both = run(['recover', SAMPLE, '--tar', '-', '-C', join(directory, 'no')]);
    expect(both).toMatchObject({ status: ExitCode.usage });
    expect(both.stdout.length).toBe(0);
    expect(existsSync(join(directory, 'no'))).toBe(false);
    expect(run(['recover', SAMPLE, '--tar', '-', '--json'])).toMatchObject({ status: ExitCode.usage });
  });
});

describe('recover --tar of what is damaged or hostile', () => {
  async function archiveWith(change: (files: Map<string, Uint8Array>) => void): Promise<string> {
    const files = new Map(await sampleFiles('podman-incident'));
    change(files);
    const blocks = [...files].flatMap(([name, bytes]) => [
      rawHeader({ name, size: bytes.length, mtime: 1_700_000_000 }),
      Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]),
    ]);
    const path = join(directory, `archive-${files.size}-${Math.floor(performance.now())}.tar`);
    writeFileSync(path, Buffer.concat([...blocks, Buffer.alloc(1024)]));
    return path;
  }

  const memfd = (name: string | Uint8Array, size: bigint, index: number) => ({
    message: encode({
      1: name,
      2: 3_000_000_000,
      3: 70_000,
      4: size,
      5: 1034,
      6: 1,
      7: index + 2,
      9: 0o4755,
    }),
  });

  test('names lead nowhere, holes of a terabyte take no room, bytes stay bytes, and none is another', async () => {
    const names = [
      '../../etc/cron.d/x',
      '/etc/passwd',
      Buffer.from('caf\xe9', 'latin1'),
      'a\nb\u001b[31m',
      'huge',
    ];
    const path = await archiveWith((files) => {
      const inodes = names.map((name, index) => memfd(name, name === 'huge' ? 2n ** 40n : 20n, index));
      files.set('checkpoint/memfd.img', buildImage('MEMFD_INODE', ...inodes));
    });
    const { status, stdout, stderr } = run(['recover', path, '--tar', '-']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.length).toBeLessThan(2 << 20);
    const memfds = stockList(stdout).filter((line) => line.includes(' memfd/'));
    expect(memfds).toEqual([
      '-rwsr-xr-x 3000000000/70000 20 2023-11-14 22:13 memfd/2-.._.._etc_cron.d_x',
      '-rwsr-xr-x 3000000000/70000 20 2023-11-14 22:13 memfd/3-_etc_passwd',
      '-rwsr-xr-x 3000000000/70000 20 2023-11-14 22:13 memfd/4-caf\\351',
      '-rwsr-xr-x 3000000000/70000 20 2023-11-14 22:13 memfd/5-a_b_[31m',
      '-rwsr-xr-x 3000000000/70000 1099511627776 2023-11-14 22:13 memfd/6-huge',
    ]);
    const listed = run(['ls', '-', '--json'], stdout);
    expect(JSON.parse(listed.stdout.toString()).map(({ name }: { name: string }) => name)).toContain(
      'memfd/4-caf\ufffde9',
    );
    const huge = listingOf(stdout).objects.find(({ name }) => name === 'huge');
    expect(huge).toMatchObject({ sha256: null, path: 'memfd/6-huge' });
  });

  test('what cannot be read is named in the listing and left out; the rest is whole, exit code 5', async () => {
    const path = await archiveWith((files) => {
      for (const name of files.keys()) if (/pages-.*\.img$/.test(name)) files.delete(name);
    });
    const { status, stdout, stderr } = run(['recover', path, '--tar', '-']);
    expect(status).toBe(ExitCode.integrity);
    expect(stderr).toContain('not recovered: memory at 0x0 is in a pages image');
    const { objects, notRecovered } = listingOf(stdout);
    expect(notRecovered.join()).toContain('is in a pages image');
    const lines = stockList(stdout);
    expect(lines).toHaveLength(objects.length + 1);
    expect(lines.join('\n')).toContain('deleted/tmp/ghost.log');
    // it is a whole tar: seal takes it
    const to = join(directory, 'rest.age');
    const recipient = run(['keygen', '-y', KEY]).stdout.toString().trim();
    expect(run(['seal', '-', '-q', '-r', recipient, '-o', to], stdout).status).toBe(0);
  });

  test('of an archive with nothing to recover it is the listing alone', () => {
    const { status, stdout } = run(['recover', samplePath('containerd-redis'), '--tar', '-']);
    expect(status).toBe(0);
    const { objects } = listingOf(stdout);
    expect(stockList(stdout)).toHaveLength(objects.length + 1);
  });
});
