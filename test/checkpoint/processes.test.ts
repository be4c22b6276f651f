import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NotFoundError } from '../../src/base/errors.js';
import { type ProcessNode, processTree } from '../../src/checkpoint/process-list.js';
import { credsView } from '../../src/views/creds.js';
import { envView } from '../../src/views/env.js';
import { psView } from '../../src/views/ps.js';
import { threadsView } from '../../src/views/threads.js';
import { encode } from '../support/criu-image.js';
import { syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

type Item = { readonly pid: number; readonly ppid: number };

function flatten(nodes: readonly ProcessNode<Item>[], into: Item[] = []): Item[] {
  for (const { item, children } of nodes) {
    into.push(item);
    flatten(children, into);
  }
  return into;
}

test('every process stands in the tree once, whatever rings and doubles the images have', () => {
  const items = fc.array(fc.record({ pid: fc.nat(8), ppid: fc.nat(8) }), { maxLength: 20 });
  fc.assert(
    fc.property(items, (all) => {
      const seen = flatten(processTree(all));
      expect(new Set(seen)).toEqual(new Set(all));
      expect(seen).toHaveLength(all.length);
    }),
  );
});

test('an endless chain is no endless recursion', () => {
  const chain = Array.from({ length: 100_000 }, (_, index) => ({ pid: index + 1, ppid: index }));
  expect(flatten(processTree(chain))).toHaveLength(100_000);
});

test('a tree keeps the order of its processes', () => {
  const [root] = processTree([
    { pid: 1, ppid: 0 },
    { pid: 2, ppid: 1 },
    { pid: 3, ppid: 1 },
  ]);
  expect(root?.children.map(({ item }) => item.pid)).toEqual([2, 3]);
});

const creds = encode({
  1: 1000,
  2: 1000,
  3: 0,
  4: 0,
  5: 0,
  6: 0,
  7: 0,
  8: 0,
  9: [0, 0],
  10: [0, 0],
  11: [0x200000, 0x180],
  12: [0, 0],
  13: 5,
  14: [4, 24],
  15: 'docker-default (enforce)',
  18: 1,
  19: [0, 0],
});
const task = (comm: string, more: Record<number, number> = {}) =>
  encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: comm, ...more });

test('credentials: capabilities by name, those without one too; securebits, LSM, no_new_privs, namespaces', async () => {
  const checkpoint = syntheticCheckpoint({
    inventory: ['INVENTORY', { 1: 2, 3: encode({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 2, 10: 7 }) }],
    pstree: ['PSTREE', { 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }],
    'core-1': [
      'CORE',
      { 1: 1, 3: task('sh', { 13: 1000, 14: -500 }), 5: encode({ 1: 0, 2: 0, 10: creds, 11: 1, 16: 3 }) },
    ],
    'ids-1': ['IDS', { 1: 2, 2: 2, 3: 2, 4: 2, 5: 9, 6: 2, 10: 7 }],
    cgroup: ['CGROUP', { 1: encode({ 1: 3, 2: encode({ 1: '', 2: '/kubepods/x' }) }) }],
  });
  expect(await credsView.rows(checkpoint, {})).toMatchObject([
    {
      uid: 1000,
      euid: 0,
      effective: ['CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE'],
      securebits: ['NOROOT', 'NO_SETUID_FIXUP'],
      groups: [4, 24],
      lsm: 'docker-default (enforce)',
      noNewPrivs: true,
      seccomp: 'strict',
      namespaces: { pid: 9, net: 2, user: 7 },
      hostNamespaces: ['net', 'user'],
      cgroups: [{ controller: '', path: '/kubepods/x' }],
      loginUid: 1000,
      oomScoreAdj: -500,
    },
  ]);
});

test('a process whose memory the archive does not have is shown, and noted', async () => {
  const checkpoint = syntheticCheckpoint({
    inventory: ['INVENTORY', { 1: 2 }],
    pstree: ['PSTREE', { 1: 5, 2: 0, 3: 5, 4: 5, 5: [5, 6] }],
    'core-5': ['CORE', { 1: 1, 3: task('lost', { 11: 2 }) }],
    'core-6': ['CORE', { 1: 1, 5: encode({ 1: 0, 2: 0, 13: 'worker' }) }],
    'mm-5': [
      'MM',
      {
        ...Object.fromEntries(Array.from({ length: 11 }, (_, i) => [i + 1, 0])),
        8: 0x1000,
        9: 0x1010,
        10: 0x1010,
        11: 0x1020,
        12: 0,
      },
    ],
  });
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  expect(await psView.rows(checkpoint, { note })).toMatchObject([
    { pid: 5, comm: 'lost', command: null, exe: null },
  ]);
  expect(await envView.rows(checkpoint, { note })).toEqual([]);
  expect(notes).toEqual([
    'the arguments of process 5 are not in the archive',
    'the environment of process 5 is not in the archive',
  ]);
  expect(await threadsView.rows(checkpoint, {})).toMatchObject([
    { tid: 5, seccomp: 'filter' },
    { tid: 6, comm: 'worker' },
  ]);
});

test('a PID that is not there', async () => {
  const checkpoint = syntheticCheckpoint({ pstree: ['PSTREE', { 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }] });
  await expect(psView.rows(checkpoint, { pid: 2 })).rejects.toThrow(NotFoundError);
});
