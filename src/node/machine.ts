import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { MachineIds } from '../kubelet/node-info.js';
import type { HostRoot } from './host/root.js';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The kernel's id of this boot; null where there is no Linux to tell. */
export async function ownBootId(): Promise<string | null> {
  const text = await readFile(BOOT_ID, 'utf8').catch(() => '');
  return text.trim() || null;
}

/** What the kubelet of a machine would say of it (cAdvisor reads the same files). */
export async function machineIds(host: HostRoot): Promise<MachineIds> {
  const read = async (...paths: readonly string[]): Promise<string | null> => {
    for (const path of paths) {
      const text = await host.readText(path, 4096);
      if (text.ok && text.value.trim() !== '') return text.value.trim();
    }
    return null;
  };
  return {
    bootID: await read(BOOT_ID),
    machineID: await read('/etc/machine-id', '/var/lib/dbus/machine-id'),
    systemUUID: await read('/sys/class/dmi/id/product_uuid'),
  };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a host leads to this very machine: a loopback address, or one of its interfaces. A name is looked up. */
export async function isOwnAddress(hostname: string): Promise<boolean> {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const found = await lookup(name, { all: true }).catch(() => []);
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
  );
  return (
    found.length > 0 &&
    found.every(
      ({ address }) => own.has(address) || LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
    )
  );
}
