import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { JsonFields } from '../../src/base/json-fields.js';
import { showView } from '../../src/views/show.js';
import { sampleCheckpoint, sampleRows } from '../support/checkpoint.js';
import { syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

test('Podman, CRI-O and containerd, as they differ', async () => {
  expect(await sampleRows('podman-incident', showView)).toMatchObject([
    {
      name: 'incident',
      engine: 'Podman',
      runtime: 'crun',
      namespace: null,
      pod: null,
      created: '2026-11-23T16:04:11Z',
      checkpointed: '2026-11-23T16:04:16Z',
      sealed: false,
    },
  ]);
  expect(await sampleRows('crio-looper', showView)).toMatchObject([
    {
      name: 'looper',
      engine: 'CRI-O',
      runtime: 'crun',
      namespace: 'default',
      pod: 'web-node-a',
      created: '2026-11-23T15:59:14Z',
      checkpointed: '2026-11-23T15:59:47Z',
    },
  ]);
  expect(await sampleRows('containerd-redis', showView)).toMatchObject([
    {
      name: 'cache',
      engine: 'containerd',
      runtime: 'io.containerd.runc.v2',
      namespace: 'prod',
      pod: 'payments-node-a',
      created: '2026-11-23T16:05:40Z',
      checkpointed: '2026-11-23T16:06:10Z',
    },
  ]);
});

test('what only one engine records', async () => {
  const podman = await (await sampleCheckpoint('podman-incident')).container();
  expect(podman.createCommand.slice(0, 3)).toEqual(['podman', 'run', '-d']);
  expect(podman.checkpointedFrom).toBe('images');
  const crio = await (await sampleCheckpoint('crio-looper')).container();
  expect(crio).toMatchObject({
    attempt: 1,
    podUid: '9b1e3a337813372a0d013a8637f33108',
    addresses: ['10.244.0.14'],
    checkpointedFrom: 'engine',
  });
  expect(crio.bindMounts).toContainEqual({
    source: '/var/lib/kubelet/pods/9b1e3a337813372a0d013a8637f33108/etc-hosts',
    destination: '/etc/hosts',
    type: 'file',
  });
  const containerd = await (await sampleCheckpoint('containerd-redis')).container();
  expect(containerd).toMatchObject({
    attempt: 1,
    hostPid: 7183,
    started: '2026-11-23T16:05:40Z',
    logPath: expect.stringContaining('/var/log/pods/prod_'),
  });
  expect(containerd.labels.get('io.kubernetes.container.name')).toBe('cache');
});

test("Podman's networks", async () => {
  const checkpoint = syntheticCheckpoint(
    { inventory: ['INVENTORY', { 1: 2 }] },
    {
      'spec.dump': { annotations: { 'io.container.manager': 'libpod' } },
      'network.status': {
        podman: {
          interfaces: {
            eth0: {
              mac_address: '02:00:00:00:00:01',
              subnets: [{ ipnet: '10.88.0.2/16', gateway: '10.88.0.1' }],
            },
          },
        },
      },
    },
  );
  const container = await checkpoint.container();
  expect(container).toMatchObject({
    engine: 'Podman',
    addresses: ['10.88.0.2'],
    macs: ['02:00:00:00:00:01'],
  });
  expect(container.networks).toMatchObject([
    { name: 'podman', interfaces: [{ name: 'eth0', gateways: ['10.88.0.1'] }] },
  ]);
});

test('an archive without any file of an engine is shown for what it is', async () => {
  const checkpoint = syntheticCheckpoint({ inventory: ['INVENTORY', { 1: 2 }] });
  expect(await showView.rows(checkpoint, {})).toMatchObject([
    { name: null, engine: 'unknown', id: null, checkpointed: '2026-11-23T16:04:11Z' },
  ]);
});

test.each([
  ['config.dump', 'not json'],
  ['config.dump', '[]'],
  ['config.dump', '{"id":5}'],
  ['spec.dump', '{"annotations":{"a":1}}'],
  ['spec.dump', '{"mounts":{}}'],
  ['deleted.files', '[5]'],
])('%s with %s is a FormatError that names the file and quotes nothing', async (name, text) => {
  const checkpoint = syntheticCheckpoint({ inventory: ['INVENTORY', { 1: 2 }] }, { [name]: text });
  await expect(checkpoint.container()).rejects.toThrow(FormatError);
  await expect(checkpoint.container()).rejects.toThrow(name);
});

test('any JSON at all is fields or a FormatError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        const fields = JsonFields.parse('x', JSON.stringify(value));
        for (const key of fields.keys()) {
          for (const read of [
            'text',
            'number',
            'count',
            'bool',
            'texts',
            'object',
            'objects',
            'textMap',
          ] as const) {
            try {
              fields[read](key);
            } catch (error) {
              expect(error).toBeInstanceOf(FormatError);
            }
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});

test('what made the dump, where there is a log', async () => {
  const crio = await (await sampleCheckpoint('crio-looper')).dump();
  expect(crio).toMatchObject({
    criuVersion: '4.2.1',
    lsm: 'NO_LSM',
    imageVersion: 2,
    nodeNames: ['web-node-a'],
  });
  expect(crio.kernel).toMatch(/^Linux 6\.18\./);
  expect(crio.complaints).toContainEqual(expect.stringContaining('RLIMIT_NOFILE'));
  const podman = await (await sampleCheckpoint('podman-incident')).dump();
  expect(podman).toMatchObject({
    criuVersion: undefined,
    kernel: undefined,
    complaints: [],
    nodeNames: ['f6ab036f40fb'],
  });
});
