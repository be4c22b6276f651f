import { decodeText } from '../base/text.js';
import { formatMac } from './addresses.js';
import {
  type DeviceAddress,
  type Route,
  type RoutingRule,
  readAddresses,
  readRoutes,
  readRules,
} from './addresses-routes.js';
import type { Images } from './images.js';
import { deviceFlagNames } from './names/flags.js';

/** A network device. Text is untrusted. */
export interface NetworkDevice {
  readonly name: string;
  readonly index: number;
  readonly type: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly mac: string | undefined;
  readonly addresses: readonly DeviceAddress[];
}

/** Text of iptables-save or `nft list ruleset`, by image. Untrusted. */
export interface Firewall {
  readonly image: string;
  readonly text: string;
}

/** A network namespace. Shared ones (a pod's) are the sandbox's: the archive then has nothing but their id. */
export interface NetworkNamespace {
  readonly id: number;
  /** The engine provided the namespace, and must again on restore, under this name. */
  readonly external: string | undefined;
  readonly devices: readonly NetworkDevice[];
  readonly routes: readonly Route[];
  readonly rules: readonly RoutingRule[];
  readonly firewall: readonly Firewall[];
}

/** Dumps of `ip` and of the firewalls are a few KiB; larger ones are cut off by an error. */
const RAW_LIMIT = 16 * 1024 * 1024;

export async function readNetwork(images: Images): Promise<readonly NetworkNamespace[]> {
  const namespaces: NetworkNamespace[] = [];
  for (const id of await images.numbers('netns-')) {
    const addresses = readAddresses(await images.raw(`ifaddr-${id}`, RAW_LIMIT), `ifaddr-${id}.img`);
    const devices = await images.entries('NETDEV', `netdev-${id}`);
    const routes = await Promise.all(
      [`route-${id}`, `route6-${id}`].map(async (name) =>
        readRoutes(await images.raw(name, RAW_LIMIT), `${name}.img`),
      ),
    );
    namespaces.push({
      id,
      external: (await images.first('NETNS', `netns-${id}`))?.ext_key,
      devices: devices.map((device) => ({
        name: device.name,
        index: device.ifindex,
        type: String(device.type).toLowerCase(),
        mtu: device.mtu,
        flags: deviceFlagNames(device.flags),
        mac:
          device.address === undefined || device.address.every((byte) => byte === 0)
            ? undefined
            : formatMac(device.address),
        addresses: addresses.filter(({ ifindex }) => ifindex === device.ifindex),
      })),
      routes: routes.flat(),
      rules: readRules(await images.raw(`rule-${id}`, RAW_LIMIT), `rule-${id}.img`),
      firewall: await readFirewall(images, id),
    });
  }
  return namespaces;
}

async function readFirewall(images: Images, id: number): Promise<readonly Firewall[]> {
  const found: Firewall[] = [];
  for (const name of [`iptables-${id}`, `ip6tables-${id}`, `nftables-${id}`]) {
    const text = decodeText(await images.raw(name, RAW_LIMIT));
    if (text !== '') found.push({ image: name, text });
  }
  return found;
}
