import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type MachineIds, machineOfMetrics } from '../../src/kubelet/node-info.js';
import { HostRoot } from '../../src/node/host/root.js';
import { isOwnAddress, machineIds } from '../../src/node/machine.js';
import { type Evidence, sameMachine } from '../../src/node/same-machine.js';
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
  ['another boot, but its processes are here', { there: ids('bb'), processesSeen: true }, true],
  ['the same boot, but the kubelet here has no such pod', { there: ids('aa'), podDirectory: false }, false],
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
