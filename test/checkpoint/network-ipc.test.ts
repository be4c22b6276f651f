import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { formatInetWords, formatIpv6 } from '../../src/checkpoint/addresses.js';
import { readAddresses, readRoutes, readRules } from '../../src/checkpoint/addresses-routes.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { DumpMagic } from '../../src/checkpoint/netlink-dump.js';
import { ipcView } from '../../src/views/ipc.js';
import { networkView } from '../../src/views/network.js';
import { sampleCheckpoint } from '../support/checkpoint.js';
import { buildImage, encode } from '../support/criu-image.js';
import { memoryArchive } from '../support/memory-archive.js';

test('IPv6 as RFC 5952 writes it', () => {
  const bytes = (...groups: number[]) =>
    Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
  expect(formatIpv6(bytes(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1))).toBe('2001:db8::1:0:0:1');
  expect(formatIpv6(bytes(0, 0, 0, 0, 0, 0, 0, 0))).toBe('::');
  expect(formatIpv6(bytes(1, 0, 2, 3, 4, 5, 6, 7))).toBe('1:0:2:3:4:5:6:7');
  expect(formatIpv6(bytes(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1))).toBe('::ffff:127.0.0.1');
  expect(formatInetWords([0x0100007f], false)).toBe('127.0.0.1');
});

test('the network of the sample: loopback with its addresses, the rules, the firewall of the dump', async () => {
  const rows = await networkView.rows(await sampleCheckpoint('podman-incident'), {});
  expect(rows).toContainEqual({
    namespace: 10,
    kind: 'device',
    name: 'lo',
    value: '',
    detail: 'loopback, mtu 65536, UP LOOPBACK RUNNING LOWER_UP',
  });
  expect(rows.filter(({ kind }) => kind === 'address').map(({ value }) => value)).toEqual([
    '127.0.0.1/8',
    '::1/128',
  ]);
  expect(rows.filter(({ kind }) => kind === 'rule')).toHaveLength(3);
  expect(rows.filter(({ kind }) => kind === 'firewall').map(({ value }) => value)).toContain(
    'table ip filter {',
  );
  const crio = await networkView.rows(await sampleCheckpoint('crio-looper'), {});
  expect(crio).toEqual([
    expect.objectContaining({ kind: 'namespace', detail: 'provided from outside as extRootNetNS' }),
  ]);
});

/** A netlink message: header, fixed part, attributes. */
function netlink(
  type: number,
  fixed: readonly number[],
  attributes: Readonly<Record<number, readonly number[]>>,
): Buffer {
  const parts = Object.entries(attributes).map(([number, bytes]) => {
    const attribute = Buffer.alloc(4 + Math.ceil(bytes.length / 4) * 4);
    attribute.writeUInt16LE(4 + bytes.length, 0);
    attribute.writeUInt16LE(Number(number), 2);
    attribute.set(bytes, 4);
    return attribute;
  });
  const body = Buffer.concat([Buffer.from(fixed), ...parts]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body]);
}

const magic = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

test('routes: a default one with a gateway, a network; other messages are left out', () => {
  const dump = Buffer.concat([
    magic(DumpMagic.route),
    netlink(24, [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0], {
      4: [2, 0, 0, 0],
      5: [10, 88, 0, 1],
      6: [100, 0, 0, 0],
    }),
    netlink(24, [2, 16, 0, 0, 254, 2, 253, 1, 0, 0, 0, 0], {
      1: [10, 88, 0, 0],
      4: [2, 0, 0, 0],
      7: [10, 88, 0, 2],
    }),
    netlink(20, [2, 8, 0, 0, 1, 0, 0, 0], {}),
  ]);
  expect(readRoutes(dump, 'route')).toEqual([
    {
      family: 'inet',
      destination: 'default',
      gateway: '10.88.0.1',
      source: undefined,
      ifindex: 2,
      metric: 100,
      table: 254,
      kind: 'unicast',
    },
    {
      family: 'inet',
      destination: '10.88.0.0/16',
      gateway: undefined,
      source: '10.88.0.2',
      ifindex: 2,
      metric: undefined,
      table: 254,
      kind: 'unicast',
    },
  ]);
});

test('any bytes at all are routes, addresses and rules or a FormatError', () => {
  const start = fc.constantFrom(
    ...Object.values(DumpMagic).map(magic),
    netlink(24, [2, 0, 0, 0], {}),
    netlink(20, [2, 0, 0, 0, 1, 0, 0, 0], { 1: [1] }),
  );
  fc.assert(
    fc.property(fc.array(start, { maxLength: 3 }), fc.uint8Array({ maxLength: 64 }), (parts, rest) => {
      const bytes = Buffer.concat([...parts, rest]);
      for (const read of [readAddresses, readRoutes, readRules]) {
        try {
          read(bytes, 'hostile');
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('System V objects', async () => {
  const desc = (id: number) => encode({ 1: 0x1234, 2: 5, 3: 6, 4: 0, 5: 0, 6: 0o100644, 7: id });
  const files = new Map<string, Uint8Array>([
    ['checkpoint/inventory.img', buildImage('INVENTORY', { message: encode({ 1: 2 }) })],
    [
      'checkpoint/ipcns-shm-11.img',
      buildImage('IPCNS_SHM', { message: encode({ 1: desc(1), 2: 4096, 3: 1 }) }),
    ],
    [
      'checkpoint/ipcns-sem-11.img',
      buildImage(
        'IPCNS_SEM',
        { message: encode({ 1: desc(2), 2: 2 }) },
        { payload: Buffer.from([7, 0, 9, 0, 0, 0, 0, 0]) },
      ),
    ],
    [
      'checkpoint/ipcns-msg-11.img',
      buildImage(
        'IPCNS_MSG',
        { message: encode({ 1: desc(3), 2: 16384, 3: 1 }) },
        { message: encode({ 1: 1, 2: 8 }) },
        { payload: Buffer.from('unread..') },
      ),
    ],
  ]);
  expect(await ipcView.rows(new Checkpoint(memoryArchive(files)), {})).toMatchObject([
    { kind: 'shared memory', id: 1, key: '0x00001234', uid: 5, gid: 6, mode: '0644', size: 4096 },
    { kind: 'semaphores', id: 2, size: 2, detail: 'values 7 9' },
    { kind: 'message queue', id: 3, size: 1, detail: '8 bytes wait' },
  ]);
});
