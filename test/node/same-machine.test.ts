import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.js';
import { type MachineIds, machineOfMetrics } from '../../src/kubelet/node-info.js';
import { parsePod } from '../../src/kubelet/pods.js';
import { HostRoot } from '../../src/node/host/root.js';
import { isOwnAddress, machineIds } from '../../src/node/machine.js';
import { type Evidence, findSameMachine, podAmong, sameMachine } from '../../src/node/same-machine.js';
import { emptyHost } from '../support/hosts.js';

const ids = (bootID: string | null, machineID: string | null = null, systemUUID: string | null = null) =>
  ({ bootID, machineID, systemUUID }) satisfies MachineIds;
const NOTHING: Evidence = {
  processesSeen: false,
  podDirectory: undefined,
  here: ids('aa'),
  there: undefined,
  ownAddress: false,
};

test.each<[string, Partial<Evidence>, boolean | undefined]>([
  ['nothing is known', {}, undefined],
  ['the same boot', { there: ids('AA') }, true],
  ['another boot', { there: ids('bb') }, false],
  ['another boot, though its processes are seen', { there: ids('bb'), processesSeen: true }, false],
  ['another boot, though there is a directory', { there: ids('bb'), podDirectory: true }, false],
  ['the same boot, but the kubelet here has no such pod', { there: ids('aa'), podDirectory: false }, false],
  [
    "processes seen, but the kubelet here has no such pod: a node's container, from its host",
    { processesSeen: true, podDirectory: false },
    false,
  ],
  ['its processes are here', { processesSeen: true }, true],
  ['the kubelet here has the pod', { podDirectory: true }, true],
  ['a machine-id alone, the same', { here: ids(null, 'm'), there: ids(null, 'm') }, undefined],
  ['a machine-id alone, another', { here: ids(null, 'm'), there: ids(null, 'n') }, undefined],
  ['another system UUID', { here: ids(null, 'm', 'u'), there: ids(null, 'm', 'v') }, false],
  ['system UUID and machine-id', { here: ids(null, 'm', 'U'), there: ids(null, 'm', 'u') }, true],
  ['asked at an own address', { ownAddress: true }, true],
  ['a tunnel at an own address', { ownAddress: true, there: ids('bb') }, false],
])('%s', (_, evidence, same) => {
  expect(sameMachine({ ...NOTHING, ...evidence }).same).toBe(same);
});

test('only the boot id is certain', () => {
  const certain = (evidence: Partial<Evidence>) => sameMachine({ ...NOTHING, ...evidence }).certain;
  expect(certain({ there: ids('bb'), processesSeen: true, podDirectory: true, ownAddress: true })).toBe(true);
  expect(certain({ podDirectory: false })).toBe(false);
});

test('the near end of a tunnel is no kubelet: it is asked before its address is believed', async () => {
  const found = (evidence: Partial<Evidence>, said: MachineIds | undefined) =>
    findSameMachine({ ...NOTHING, ...evidence }, async () => said);
  expect((await found({ ownAddress: true }, ids('bb'))).same).toBe(false);
  expect((await found({ ownAddress: true }, ids('aa'))).by).toBe('same boot id');
  expect((await found({ ownAddress: true }, undefined)).same).toBe(true);
  expect((await found({}, undefined)).same).toBeUndefined();
});

test('a directory of the pod: by its uid, or by what only a kubelet can have marked', () => {
  const named = (annotations: JsonObject) =>
    parsePod({ metadata: { namespace: 'prod', name: 'web', uid: 'u-1', annotations } });
  const among = (annotations: JsonObject, ...directories: string[]) => {
    const pod = named(annotations);
    return pod && podAmong(directories, pod);
  };
  expect(among({}, 'u-1', 'x')).toBe(true);
  expect(among({ 'kubernetes.io/config.mirror': 'x' }, 'x')).toBe(true);
  expect(among({ 'kubernetes.io/config.hash': 'x' }, 'x')).toBe(false);
  expect(among({})).toBeUndefined();
});

test('what a machine is, below a root, as its kubelet would say it', async () => {
  const root = await emptyHost();
  await mkdir(join(root, 'etc'));
  await mkdir(join(root, 'sys/devices/virtual/dmi/id'), { recursive: true });
  await mkdir(join(root, 'sys/class/dmi'), { recursive: true });
  await symlink('../../devices/virtual/dmi/id', join(root, 'sys/class/dmi/id'));
  await writeFile(join(root, 'sys/devices/virtual/dmi/id/product_uuid'), 'ABC\n');
  await writeFile(join(root, 'etc/machine-id'), 'feed\n');
  const host = await HostRoot.open(root);
  expect(await machineIds(host)).toMatchObject({ machineID: 'feed', systemUUID: 'ABC' });
  await mkdir(join(root, 'proc/sys/kernel/random'), { recursive: true });
  await writeFile(join(root, 'proc/sys/kernel/random/boot_id'), 'b00t\n');
  expect((await machineIds(host)).bootID).toBe('b00t');
});

test('the machine out of metrics of cAdvisor', () => {
  const text =
    '# TYPE machine_cpu_cores gauge\nmachine_cpu_cores{boot_id="b",machine_id="",system_uuid="s"} 4\n';
  expect(machineOfMetrics(text)).toEqual(ids('b', null, 's'));
  expect(machineOfMetrics('container_x{boot_id="b"} 1\n')).toBeUndefined();
});

test('addresses of this machine', async () => {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  for (const { address } of own.filter(({ address }) => !address.startsWith('fe80')))
    expect(await isOwnAddress(address)).toBe(true);
  expect(await isOwnAddress('127.0.0.9')).toBe(true);
  expect(await isOwnAddress('[::1]')).toBe(true);
  expect(await isOwnAddress('192.0.2.1')).toBe(false);
});
