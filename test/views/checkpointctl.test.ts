// Every field of checkpointctl's JSON, on every sample, has its counterpart here with the same value.
import { expect, test } from 'vitest';
import { formatSize } from '../../src/base/units.js';
import { envView } from '../../src/views/env.js';
import { filesView } from '../../src/views/files.js';
import { inspect } from '../../src/views/inspect.js';
import { mountsView } from '../../src/views/mounts.js';
import { psView } from '../../src/views/ps.js';
import { showRow } from '../../src/views/show.js';
import { socketsView } from '../../src/views/sockets.js';
import { sampleCheckpoint } from '../support/checkpoint.js';
import { peerAnswer } from '../support/peers.js';
import { SAMPLES } from '../support/samples.js';

interface PeerProcess {
  readonly pid: number;
  readonly command: string;
  readonly cmdline?: string;
  readonly task_state: string;
  readonly environment_variables?: Readonly<Record<string, string>>;
  readonly children?: readonly PeerProcess[];
}
interface PeerSocket {
  readonly protocol?: string;
  readonly data: {
    readonly type: string;
    readonly address?: string;
    readonly state?: string;
    readonly src?: string;
    readonly src_port?: number;
    readonly dst?: string;
    readonly dst_port?: number;
    readonly send_buf?: string;
    readonly recv_buf?: string;
  };
}
interface Peer {
  readonly container_name: string;
  readonly image: string;
  readonly id: string;
  readonly runtime: string;
  readonly created: string;
  readonly checkpointed?: string;
  readonly engine: string;
  readonly ip?: string;
  readonly checkpoint_size: {
    readonly total_size: number;
    readonly memory_pages_size: number;
    readonly root_fs_diff_size: number;
  };
  readonly statistics: Readonly<Record<string, number>>;
  readonly metadata: {
    readonly pod_name?: string;
    readonly kubernetes_namespace?: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly process_tree: PeerProcess;
  readonly file_descriptors: readonly {
    readonly pid: number;
    readonly open_files: readonly { readonly type: string; readonly fd: string; readonly path: string }[];
  }[];
  readonly sockets?: readonly { readonly pid: number; readonly open_sockets: readonly PeerSocket[] }[];
  readonly mounts: readonly {
    readonly destination: string;
    readonly type: string;
    readonly source: string;
  }[];
}

/** The keys that this test compares: one that is not here would go unnoticed. */
const KEYS = [
  'container_name',
  'image',
  'id',
  'runtime',
  'created',
  'checkpointed',
  'engine',
  'ip',
  'checkpoint_size',
  'statistics',
  'metadata',
  'process_tree',
  'file_descriptors',
  'sockets',
  'mounts',
];

function peerOf(sample: (typeof SAMPLES)[number]): Peer {
  const [peer] = JSON.parse(peerAnswer(sample, 'checkpointctl')) as readonly Peer[];
  if (peer === undefined) throw new Error('no answer');
  expect(KEYS).toEqual(expect.arrayContaining(Object.keys(peer)));
  return peer;
}

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

test.each(SAMPLES)('%s: container, sizes, times', async (sample) => {
  const peer = peerOf(sample);
  const ours = await showRow(await sampleCheckpoint(sample));
  expect(ours).toMatchObject({
    name: peer.container_name,
    image: peer.image,
    id: peer.id,
    runtime: peer.runtime,
    engine: peer.engine,
    pod: peer.metadata.pod_name ?? null,
    namespace: peer.metadata.kubernetes_namespace ?? null,
    checkpointSize: peer.checkpoint_size.total_size,
    memorySize: peer.checkpoint_size.memory_pages_size,
    rootFsDiffSize: peer.checkpoint_size.root_fs_diff_size,
  });
  expect(seconds(ours.created ?? '')).toBe(seconds(peer.created));
  if (peer.checkpointed !== undefined) expect(ours.checkpointed).toBe(peer.checkpointed);
});

test.each(SAMPLES)('%s: addresses, statistics, annotations', async (sample) => {
  const peer = peerOf(sample);
  const part = await inspect(await sampleCheckpoint(sample), { stats: true, metadata: true }, {});
  const json = part.json();
  expect(json['addresses']).toEqual(peer.ip === undefined ? [] : [peer.ip]);
  expect(json['metadata']).toMatchObject({ annotations: peer.metadata.annotations });
  expect(json['statistics']).toMatchObject(
    Object.fromEntries(
      Object.entries(peer.statistics).map(([key, value]) => [
        key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
    ),
  );
});

test.each(SAMPLES)('%s: processes with commands and environments', async (sample) => {
  const checkpoint = await sampleCheckpoint(sample);
  const rows = await psView.rows(checkpoint, {});
  const environment = await envView.rows(checkpoint, {});
  const check = (peer: PeerProcess, ppid: number): void => {
    const ours = rows.find(({ pid }) => pid === peer.pid);
    expect(ours).toMatchObject({
      ppid,
      comm: peer.command,
      state: { Alive: 'alive', Dead: 'zombie' }[peer.task_state],
    });
    // theirs ends with the spaces that the last NULs became
    if (peer.cmdline !== undefined) expect(ours?.command).toBe(peer.cmdline.trimEnd());
    const variables = environment
      .filter(({ pid }) => pid === peer.pid)
      .map(({ name, value }) => [name, value]);
    if (peer.environment_variables !== undefined)
      expect(Object.fromEntries(variables)).toEqual(peer.environment_variables);
    for (const child of peer.children ?? []) check(child, peer.pid);
  };
  check(peerOf(sample).process_tree, 0);
});

test.each(SAMPLES)('%s: open files', async (sample) => {
  const rows = await sampleCheckpoint(sample).then((checkpoint) => filesView.rows(checkpoint, {}));
  for (const { pid, open_files } of peerOf(sample).file_descriptors) {
    const ours = rows.filter((row) => row.pid === pid);
    expect(ours).toHaveLength(open_files.length);
    for (const [index, file] of open_files.entries()) {
      const row = ours[index];
      expect(String(row?.fd)).toBe(file.fd.replace(/^[A-Z]+ /, ''));
      if (file.type !== '') expect(row?.type).toBe(file.type);
      if (file.type === 'REG' || file.type === '') expect(row?.path).toBe(file.path);
      if (file.type === 'PIPE') expect(row?.path).toBe(file.path.replace('pipe[', 'pipe:['));
    }
  }
});

test.each(SAMPLES)('%s: sockets', async (sample) => {
  const rows = await sampleCheckpoint(sample).then((checkpoint) => socketsView.rows(checkpoint, {}));
  for (const { pid, open_sockets } of peerOf(sample).sockets ?? []) {
    const ours = rows.filter((row) => row.pid === pid);
    expect(ours).toHaveLength(open_sockets.length);
    for (const [index, { protocol, data }] of open_sockets.entries()) {
      const row = ours[index];
      expect(row?.protocol.replace('6', '').toUpperCase()).toBe(protocol ?? data.type);
      if (data.type === 'UNIX') {
        expect(row?.local).toBe(data.address?.replace(/\0$/, '') ?? null);
        continue;
      }
      const address = (host: string, port: number): string =>
        host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      expect(row).toMatchObject({ state: data.state, local: address(data.src ?? '', data.src_port ?? 0) });
      // theirs prints the address that an unconnected socket's remote end would have
      expect(row?.remote).toBe(data.dst_port === undefined ? null : address(data.dst ?? '', data.dst_port));
      expect(size(row?.sendBuffer)).toBe(data.send_buf);
      expect(size(row?.receiveBuffer)).toBe(data.recv_buf);
    }
  }
});

test.each(SAMPLES)('%s: mounts', async (sample) => {
  const rows = await sampleCheckpoint(sample).then((checkpoint) => mountsView.rows(checkpoint, {}));
  for (const { destination, type, source } of peerOf(sample).mounts) {
    expect(rows).toContainEqual(expect.objectContaining({ destination, specType: type, specSource: source }));
  }
});

/** As checkpointctl rounds sizes: `16.0 KB`. */
function size(bytes: number | undefined): string {
  const text = formatSize(bytes ?? 0);
  const [, unit] = text.split(' ');
  const scale = unit === 'MiB' ? 1024 * 1024 : 1024;
  return `${((bytes ?? 0) / scale).toFixed(1)} ${unit?.replace('iB', 'B')}`;
}
