import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseToPrune } from '../../src/cli/checkpoints/prune.js';
import { coldcase } from '../support/coldcase.js';
import { emptyHost, hostCopy, hostFixture } from '../support/hosts.js';
import { samplePath } from '../support/samples.js';

const root = process.getuid?.() === 0;
const CACHE = 'checkpoint-payments-node-a_prod-cache-2026-11-20T16:25:48Z.tar';
const PROXY = 'checkpoint-x_kube-system-kube-proxy-2026-11-21T16:25:48Z.tar';
const LOOPER = 'checkpoint-web-node-a_de-fault-looper-2026-11-22T16:25:48+08:00.tar';

test('node: in short, and the whole record as JSON', async () => {
  const hostRoot = ['--host-root', hostFixture('kubeadm')];
  const short = await coldcase(['node', ...hostRoot]);
  expect(short).toMatchObject({ code: 0, stderr: '' });
  expect(short.stdout).toContain('node-a (this node)');
  const { stdout } = await coldcase(['node', ...hostRoot, '--json']);
  const record = JSON.parse(stdout);
  expect(Object.keys(record)).toEqual([
    'time',
    'hostRoot',
    'kubelet',
    'kernel',
    'runtime',
    'swap',
    'status',
    'config',
    'paths',
  ]);
  expect(record.config.sources['/maxPods']).toBe('/etc/default/kubelet (--max-pods)');
});

test('node config: table with sources, JSON, chosen files, errors', async () => {
  const dropins = ['--host-root', hostFixture('dropins')];
  const table = await coldcase(['node', 'config', ...dropins]);
  expect(table.stdout).toMatch(/^SETTING +VALUE +FROM$/m);
  expect(table.stdout).toMatch(
    /^featureGates\.MemoryQoS +false +\/etc\/kubernetes\/kubelet\.conf\.d\/15-more\/10-gates\.conf$/m,
  );
  expect(table.stdout).toMatch(/^evictionHard\["nodefs\.available"\] +10% +kubelet default$/m);
  expect(table.stdout).toContain('not compared with /configz');
  const all = await coldcase(['node', 'config', '--all', ...dropins]);
  expect(all.stdout).toMatch(/^maxPods +110 +kubelet default$/m);
  const chosen = await coldcase([
    'node',
    'config',
    '--config',
    '/etc/kubernetes/kubelet.yaml',
    '--config-dir',
    '/etc/kubernetes/kubelet.conf.d',
    '--json',
    ...dropins,
  ]);
  const parsed = JSON.parse(chosen.stdout);
  expect(parsed.config.clusterDNS).toEqual(['192.168.0.2']);
  expect(parsed.sources['/clusterDNS']).toBe('/etc/kubernetes/kubelet.conf.d/10-dns.conf');
  expect(parsed.flags).toEqual([]);
  const missing = await coldcase(['node', 'config', '--config', '/none', ...dropins]);
  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain('/none');
});

test('node paths and status', async () => {
  const hostRoot = ['--host-root', hostFixture('k3s')];
  const paths = await coldcase(['node', 'paths', '--filter', 'state=present', '--json', ...hostRoot]);
  expect(JSON.parse(paths.stdout).map(({ path }: { path: string }) => path)).toContain(
    '/etc/systemd/system/k3s.service',
  );
  const status = await coldcase(['node', 'status', ...hostRoot]);
  expect(status.stdout).toContain('edge-7');
  expect((await coldcase(['node', 'status', '--format', 'csv', ...hostRoot])).code).toBe(2);
});

async function nodeWithArchives(): Promise<{ host: string; directory: string; out: string }> {
  const host = await hostCopy('bare');
  const directory = join(host, 'var/lib/kubelet/checkpoints');
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  await copyFile(samplePath('containerd-redis'), join(directory, CACHE));
  await copyFile(samplePath('crio-looper'), join(directory, LOOPER));
  await writeFile(join(directory, PROXY), 'no archive');
  return { host, directory, out: await emptyHost() };
}

test('node checkpoints: names from the file name, or where it is ambiguous from config.dump', async () => {
  const { host, out } = await nodeWithArchives();
  const { stdout } = await coldcase(['node', 'checkpoints', '--host-root', host, '--json'], { cwd: out });
  const rows = JSON.parse(stdout);
  expect(
    rows.map((row: Record<string, unknown>) => [
      row['file'],
      row['namespace'],
      row['container'],
      row['from'],
    ]),
  ).toEqual([
    [CACHE, 'prod', 'cache', 'name'],
    [PROXY, null, null, 'ambiguous'],
    [LOOPER, 'default', 'looper', 'config.dump'],
  ]);
  expect(rows[2].problem).toContain('another container');
  expect(rows[2].time).toBe('2026-11-22T08:25:48Z');
});

test.skipIf(!root)('node checkpoints: seal all, then prune what is proven (as root)', async () => {
  const { host, directory, out } = await nodeWithArchives();
  const keygen = await coldcase(['keygen', '-o', join(out, 'key.txt')]);
  const recipient = /age1[a-z0-9]+/.exec(keygen.stdout + keygen.stderr)?.[0] ?? '';
  const node = ['node', 'checkpoints', '--host-root', host];
  expect((await coldcase([...node, '--seal'], { cwd: out })).code).toBe(2);
  expect((await coldcase([...node, '--prune'], { cwd: out })).code).toBe(2);
  // one of the files is no archive: the others are sealed all the same, and the exit code tells
  const sealing = await coldcase([...node, '--seal', '-r', recipient], { cwd: out });
  expect(sealing.code).toBe(5);
  expect((await readdir(out)).filter((name) => name.endsWith('.age'))).toHaveLength(2);
  const sealed = ['--sealed', out];
  const asked = await coldcase([...node, ...sealed, '--prune', '--keep', '0'], { cwd: out });
  expect(asked.code).toBe(2);
  expect(asked.stderr).toContain('no sealed copy is known');
  expect(asked.stderr).toContain('sealed and proven');
  expect(await readdir(directory)).toHaveLength(3);
  const pruned = await coldcase([...node, ...sealed, '--prune', '--keep', '0', '--yes'], { cwd: out });
  expect(pruned.code).toBe(6);
  expect(pruned.stderr).toContain('1 archives have no proven sealed copy and were kept');
  expect(await readdir(directory)).toEqual([PROXY]);
});

test.skipIf(!root)('a sealed copy that was changed proves nothing (as root)', async () => {
  const { host, directory, out } = await nodeWithArchives();
  const { writeFile: write, readFile, rm } = await import('node:fs/promises');
  await rm(join(directory, PROXY));
  await rm(join(directory, LOOPER));
  const keygen = await coldcase(['keygen', '-o', join(out, 'key.txt')]);
  const recipient = /age1[a-z0-9]+/.exec(keygen.stdout + keygen.stderr)?.[0] ?? '';
  const node = ['node', 'checkpoints', '--host-root', host, '--json'];
  const sealed = await coldcase([...node, '--seal', '-r', recipient], { cwd: out });
  expect(sealed.code).toBe(0);
  const path = join(out, JSON.parse(sealed.stdout)[0].sealed);
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await write(path, bytes);
  const pruned = await coldcase([...node, '--sealed', out, '--prune', '--keep', '0', '--yes'], { cwd: out });
  expect(pruned.code).toBe(6);
  expect(pruned.stderr).toContain('is not what its manifest says');
  expect(await readdir(directory)).toEqual([CACHE]);
});

test('which archives a rule removes: oldest first, per container', () => {
  const row = (container: string, day: number) => ({
    what: 'archive' as const,
    file: `${container}-${day}`,
    path: `/${container}-${day}`,
    age: 0,
    state: 'whole' as const,
    namespace: 'prod',
    pod: 'p',
    container,
    from: 'name' as const,
    time: `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`,
    size: 1,
    mode: '0600',
    sealed: null,
    problem: null,
    kind: 'file' as const,
  });
  const rows = [row('a', 1), row('b', 2), row('a', 10), row('a', 5), row('b', 20)];
  const now = new Date('2026-11-21T00:00:00Z');
  const chosen = (olderThan: number | undefined, keep: number | undefined): readonly string[] =>
    chooseToPrune(rows, { olderThan, keep }, now).map(({ file }) => file);
  const day = 86_400_000;
  expect(chosen(7 * day, undefined)).toEqual(['a-1', 'a-5', 'a-10', 'b-2']);
  expect(chosen(undefined, 1)).toEqual(['a-1', 'a-5', 'b-2']);
  expect(chosen(18 * day, 1)).toEqual(['a-1', 'b-2']);
  expect(chosen(7 * day, 3)).toEqual([]);
  // whose they are is not known: one name is one container, and what is no file is left alone
  const nobody = { namespace: null, pod: null, container: null, from: 'ambiguous' as const };
  const named = (file: string, at: number) => ({ ...row('x', at), ...nobody, file });
  const unknown = [
    named('checkpoint-p_a-b-c-2026-11-01T00:00:00Z.tar', 1),
    named('checkpoint-p_a-b-d-2026-11-02T00:00:00Z.tar', 2),
    named('checkpoint-p_a-b-c-2026-11-03T00:00:00+01:00.tar', 3),
    { ...named('checkpoint-p_a-b-d-2026-11-01T00:00:00Z.tar', 1), kind: 'link' as const },
  ];
  const kept = chooseToPrune(unknown, { olderThan: undefined, keep: 1 }, now);
  expect(kept.map(({ file }) => file)).toEqual(['checkpoint-p_a-b-c-2026-11-01T00:00:00Z.tar']);
});
