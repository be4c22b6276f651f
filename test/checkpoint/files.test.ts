// Files of every kind that CRIU knows, those too that no sample has.
import { expect, test } from 'vitest';
import { filesView } from '../../src/views/files.js';
import { socketsView } from '../../src/views/sockets.js';
import { encode } from '../support/criu-image.js';
import { FOWN, processWithFiles } from '../support/synthetic-checkpoint.js';

const fown = FOWN;
const options = encode({ 1: 1024, 2: 2048, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1, 19: 1, 24: 5 });
const handle = encode({ 1: 8, 2: 1, 3: [1, 2], 4: '/watched' });

test('every kind of file has a path and a description', async () => {
  const checkpoint = processWithFiles(
    [
      { 1: 1, 2: 1, 3: encode({ 1: 1, 2: 0o2001, 3: 5, 5: fown, 6: '/gone', 8: 9, 10: 0o100644 }) },
      { 1: 1, 2: 2, 3: encode({ 1: 2, 2: 0, 3: 0, 5: fown, 6: '/proc/77', 10: 0o40555 }) },
      { 1: 3, 2: 3, 17: encode({ 1: 3, 2: 900, 3: 4 }) },
      { 1: 1, 2: 4, 3: encode({ 1: 4, 2: 0, 3: 0, 5: fown, 6: '/tmp/fifo', 10: 0o10644 }) },
      { 1: 9, 2: 5, 10: encode({ 1: 5, 2: 0, 3: fown, 4: 0x4002 }) },
      {
        1: 17,
        2: 6,
        12: encode({ 1: 6, 2: 0, 3: fown, 4: 0, 5: 2, 6: 0, 7: 1, 8: 500000000, 9: 10, 10: 0 }),
      },
      {
        1: 8,
        2: 7,
        13: encode({
          1: 7,
          2: 0,
          4: fown,
          5: encode({ 1: 7, 2: 12, 3: 0x102, 4: 0, 5: 1, 6: 1, 7: handle }),
        }),
      },
      {
        1: 12,
        2: 8,
        14: encode({
          1: 8,
          2: 0,
          3: fown,
          4: 0,
          5: 0,
          6: encode({ 1: 8, 2: 2, 3: 0, 4: 0x20, 5: 0, 6: 1, 8: encode({ 1: 44, 2: '/mnt' }) }),
        }),
      },
      { 1: 11, 2: 9, 19: encode({ 1: 9, 2: 3, 3: 2, 4: fown }) },
      { 1: 14, 2: 10, 5: encode({ 1: 10, 2: 12, 3: 0x40000000, 4: 0 }) },
      { 1: 15, 2: 11, 11: encode({ 1: 11, 2: 'tun0' }) },
      { 1: 16, 2: 12, 15: encode({ 1: 12, 5: fown }) },
      {
        1: 19,
        2: 13,
        21: encode({
          1: 13,
          2: 2,
          3: 0,
          4: fown,
          5: 1,
          6: 4,
          7: 8,
          8: 1,
          9: 100,
          10: 0,
          11: 0,
          12: 0,
          13: 'counts',
          14: 0,
        }),
      },
      { 1: 20, 2: 14, 22: encode({ 1: 14, 2: 99, 3: 0, 4: 42, 5: fown }) },
      { 1: 77, 2: 15 },
    ],
    {
      'remap-fpath': ['REMAP_FPATH', { 1: 1, 2: 1, 3: 0 }, { 1: 2, 2: 9, 3: 2 }],
      'tty-info': [
        'TTY_INFO',
        {
          1: 3,
          2: 1,
          3: 0,
          4: 0,
          5: 0,
          6: 1,
          7: 1,
          8: 0,
          11: encode({ 1: 24, 2: 80, 3: 0, 4: 0 }),
          12: encode({ 1: 7 }),
        },
      ],
      filelocks: [
        'FILE_LOCKS',
        { 1: 1, 2: 1, 3: 1, 4: 0, 5: 10, 6: 20 },
        { 1: 2, 2: 2, 3: 1, 4: 1, 5: 0, 6: 0 },
      ],
    },
  );
  const rows = await filesView.rows(checkpoint, {});
  const seen = rows.map(({ type, path, deleted, detail }) => [type, path, deleted, detail]);
  expect(seen).toEqual([
    ['REG', '/gone', true, 'another link to it is left'],
    ['REG', '/proc/77', false, 'of a dead process'],
    ['FIFO', '/tmp/fifo', false, 'named pipe'],
    ['REG', '/tmp/fifo', false, ''],
    ['SIGNALFD', 'anon_inode:[signalfd]', false, 'SIGINT, SIGTERM'],
    [
      'TIMERFD',
      'anon_inode:[timerfd]',
      false,
      'CLOCK_REALTIME, fires in 1.5 s, every 10 s, 2 expirations not read',
    ],
    ['INOTIFY', 'anon_inode:inotify', false, 'watches /watched IN_MODIFY|IN_CREATE'],
    ['FANOTIFY', 'anon_inode:[fanotify]', false, 'watches mount /mnt FAN_OPEN'],
    ['TTY', '/dev/pts/7', false, 'terminal, session 1, 80x24'],
    ['NS', 'net:[12]', false, 'net namespace'],
    ['TUNF', '/dev/net/tun', false, 'device tun0'],
    ['EXT', 'external file 12', false, 'provided from outside of the container'],
    [
      'BPFMAP',
      'anon_inode:bpf-map',
      false,
      'map counts, type 1, keys of 4 and values of 8 bytes, at most 100',
    ],
    ['PIDFD', 'anon_inode:[pidfd]', false, 'process 42'],
    ['77', 'file 15', false, 'of a kind that this version does not know'],
  ]);
  expect(rows[0]).toMatchObject({
    position: 5,
    size: 9,
    flags: ['O_WRONLY', 'O_APPEND'],
    mode: '0644',
    kind: 'file',
    locks: ['POSIX write from 10, 20 bytes'],
  });
  expect(rows[1]?.locks).toEqual(['FLOCK exclusive']);
});

test('a descriptor whose file the images do not have is shown as such', async () => {
  const checkpoint = processWithFiles([{ 1: 1, 2: 1 }], { files: ['FILES'] });
  expect(await filesView.rows(checkpoint, {})).toMatchObject([
    { type: 'UND', path: 'file 1', detail: 'not in the images' },
  ]);
});

test('sockets of every family: abstract names, peers, options, queues, those that nobody has open', async () => {
  const unix = (id: number, ino: number, peer: number, name: string) =>
    encode({ 1: id, 2: ino, 3: 1, 4: 1, 5: 2, 6: 0, 7: 0, 8: peer, 9: fown, 10: options, 11: name });
  const inet = { 2: 70, 3: 10, 4: 1, 5: 6, 6: 1, 7: 80, 8: 5000, 9: 2, 10: 0, 13: fown, 14: options };
  const loopback = [0, 0, 0, 0x01000000];
  const checkpoint = processWithFiles(
    [
      { 1: 5, 2: 1, 16: unix(1, 11, 12, '\0abstract') },
      { 1: 5, 2: 2, 16: unix(2, 12, 11, '') },
      { 1: 4, 2: 3, 4: encode({ 1: 3, ...inet, 11: loopback, 12: loopback, 17: 'eth0', 19: 2 }) },
      {
        1: 13,
        2: 4,
        7: encode({ 1: 4, 2: 90, 3: 16, 4: 7, 6: 0, 7: 1234, 9: 0, 10: 0, 11: fown, 12: options }),
      },
      {
        1: 10,
        2: 5,
        6: encode({
          1: 5,
          2: 3,
          3: 3,
          4: 0,
          5: 2,
          6: fown,
          7: options,
          8: 0,
          9: 0,
          10: 0,
          11: 0,
          12: 0,
          13: 0,
          14: 0,
          15: 0,
        }),
      },
    ],
    {
      files: [
        'FILES',
        { 1: 5, 2: 1, 16: unix(1, 11, 12, '\0abstract') },
        { 1: 5, 2: 2, 16: unix(2, 12, 11, '') },
        { 1: 4, 2: 3, 4: encode({ 1: 3, ...inet, 11: loopback, 12: loopback, 17: 'eth0', 19: 2 }) },
        {
          1: 13,
          2: 4,
          7: encode({ 1: 4, 2: 90, 3: 16, 4: 7, 6: 0, 7: 1234, 9: 0, 10: 0, 11: fown, 12: options }),
        },
        {
          1: 10,
          2: 5,
          6: encode({
            1: 5,
            2: 3,
            3: 3,
            4: 0,
            5: 2,
            6: fown,
            7: options,
            8: 0,
            9: 0,
            10: 0,
            11: 0,
            12: 0,
            13: 0,
            14: 0,
            15: 0,
          }),
        },
        { 1: 5, 2: 6, 16: unix(6, 13, 99, '/run/outside.sock\0') },
      ],
      'tcp-stream-46': ['TCP_STREAM', { 1: 0, 2: 1, 3: 0, 4: 1, 5: 0, 6: 0, 7: 0, 11: 1 }],
    },
  );
  const rows = await socketsView.rows(checkpoint, {});
  expect(rows).toMatchObject([
    { protocol: 'unix', local: '@abstract', remote: 'socket:[12]', peer: { pid: 1, fd: 1 } },
    { protocol: 'unix', local: null, remote: '@abstract', peer: { pid: 1, fd: 0 } },
    {
      protocol: 'tcp6',
      local: '[::1]:80',
      remote: '[::1]:5000',
      device: 'eth0',
      shutdown: 'write',
      options: ['reuseaddr', 'keepalive', 'nodelay', 'linger=5'],
    },
    { protocol: 'netlink', type: 'NETLINK_GENERIC', local: 'port 1234' },
    { protocol: 'packet', type: 'RAW', local: 'interface 2, protocol 0x0003' },
    { pid: null, fd: null, protocol: 'unix', local: '/run/outside.sock', remote: 'socket:[99]', peer: null },
  ]);
  expect(rows[0]).toMatchObject({ receiveBuffer: 2048, sendBuffer: 1024 });
  expect(await socketsView.rows(checkpoint, { pid: 1 })).toHaveLength(5);
});
