import { FormatError } from '../base/errors.js';
import { decodeText } from '../base/text.js';
import { formatIpv4, formatIpv6 } from './addresses.js';
import { DumpMagic, type NetlinkMessage, netlinkAttributes, netlinkMessages } from './netlink-dump.js';

/** An address of a network device. */
export interface DeviceAddress {
  readonly ifindex: number;
  /** Name of the device as the dump has it (only IPv4 addresses carry it). */
  readonly label: string | undefined;
  /** `127.0.0.1/8` */
  readonly address: string;
  /** The other end of a point-to-point link, when it differs. */
  readonly peer: string | undefined;
  readonly scope: string;
}

export interface Route {
  readonly family: 'inet' | 'inet6';
  /** `default` or a network with its prefix length. */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly source: string | undefined;
  readonly ifindex: number | undefined;
  readonly metric: number | undefined;
  readonly table: number;
  readonly kind: string;
}

export interface RoutingRule {
  readonly family: 'inet' | 'inet6';
  readonly priority: number;
  readonly from: string;
  readonly to: string;
  readonly table: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const RTM_NEWRULE = 32;
const IFA = { address: 1, local: 2, label: 3 } as const;
const RTA = { destination: 1, outgoing: 4, gateway: 5, priority: 6, preferredSource: 7, table: 15 } as const;
const FRA = { to: 1, from: 2, priority: 6, table: 15 } as const;
const ROUTE_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
] as const;

/** Addresses from what `ip address save` wrote (struct ifaddrmsg, linux/if_addr.h). */
export function readAddresses(bytes: Uint8Array, where: string): readonly DeviceAddress[] {
  return ofType(bytes, where, DumpMagic.address, RTM_NEWADDR).flatMap(({ body }) => {
    const attributes = netlinkAttributes(body, 8, where);
    const family = familyOf(body);
    const local = attributes.get(IFA.local) ?? attributes.get(IFA.address);
    if (family === undefined || local === undefined) return [];
    const remote = attributes.get(IFA.address);
    const label = attributes.get(IFA.label);
    const address = `${ip(local, family)}/${body.getUint8(1)}`;
    const peer = remote === undefined ? undefined : ip(remote, family);
    return {
      ifindex: body.getUint32(4, true),
      label: label === undefined ? undefined : text(label),
      address,
      peer: peer === ip(local, family) ? undefined : peer,
      scope: scopeName(body.getUint8(3)),
    };
  });
}

/** Routes from what `ip route save` wrote (struct rtmsg, linux/rtnetlink.h). */
export function readRoutes(bytes: Uint8Array, where: string): readonly Route[] {
  return ofType(bytes, where, DumpMagic.route, RTM_NEWROUTE).flatMap(({ body }) => {
    const attributes = netlinkAttributes(body, 12, where);
    const family = familyOf(body);
    if (family === undefined) return [];
    const address = (type: number): string | undefined => {
      const found = attributes.get(type);
      return found === undefined ? undefined : ip(found, family);
    };
    const destination = address(RTA.destination);
    const type = body.getUint8(7);
    return {
      family,
      destination: destination === undefined ? 'default' : `${destination}/${body.getUint8(1)}`,
      gateway: address(RTA.gateway),
      source: address(RTA.preferredSource),
      ifindex: word(attributes.get(RTA.outgoing)),
      metric: word(attributes.get(RTA.priority)),
      table: word(attributes.get(RTA.table)) ?? body.getUint8(4),
      kind: ROUTE_TYPES[type] ?? `type ${type}`,
    };
  });
}

/** Rules from what `ip rule save` wrote (struct fib_rule_hdr, linux/fib_rules.h). */
export function readRules(bytes: Uint8Array, where: string): readonly RoutingRule[] {
  return ofType(bytes, where, DumpMagic.rule, RTM_NEWRULE).flatMap(({ body }) => {
    const attributes = netlinkAttributes(body, 12, where);
    const family = familyOf(body);
    if (family === undefined) return [];
    const network = (type: number, prefix: number): string => {
      const found = attributes.get(type);
      return found === undefined ? 'all' : `${ip(found, family)}/${prefix}`;
    };
    return {
      family,
      priority: word(attributes.get(FRA.priority)) ?? 0,
      from: network(FRA.from, body.getUint8(2)),
      to: network(FRA.to, body.getUint8(1)),
      table: word(attributes.get(FRA.table)) ?? body.getUint8(4),
    };
  });
}

function ofType(bytes: Uint8Array, where: string, magic: number, type: number): readonly NetlinkMessage[] {
  return netlinkMessages(bytes, where, magic).filter((message) => {
    if (message.type === type && message.body.byteLength < 8) {
      throw new FormatError(where, undefined, `a netlink message of only ${message.body.byteLength} bytes`);
    }
    return message.type === type;
  });
}

function familyOf(body: DataView): 'inet' | 'inet6' | undefined {
  const family = body.getUint8(0);
  return family === AF_INET ? 'inet' : family === AF_INET6 ? 'inet6' : undefined;
}

function ip(bytes: Uint8Array, family: 'inet' | 'inet6'): string {
  return family === 'inet' ? formatIpv4(bytes) : formatIpv6(bytes);
}

function word(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined || bytes.byteLength < 4) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function scopeName(scope: number): string {
  const names: Readonly<Record<number, string>> = {
    0: 'global',
    200: 'site',
    253: 'link',
    254: 'host',
    255: 'nowhere',
  };
  return names[scope] ?? String(scope);
}
