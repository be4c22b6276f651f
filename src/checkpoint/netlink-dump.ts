import { FormatError } from '../base/errors.js';

/** Magics that `ip address save`, `ip route save` and `ip rule save` put first (iproute2, ip/ipaddress.c and others). */
export const DumpMagic = { address: 0x47361222, route: 0x45311224, rule: 0x71706986 } as const;

/** A netlink message of a dump: its type, and its body, which starts with the fixed part of that type. */
export interface NetlinkMessage {
  /** RTM_NEWADDR and so on (linux/rtnetlink.h). */
  readonly type: number;
  readonly body: DataView;
}

const HEADER = 16;

/**
 * The messages of what `ip ... save` wrote: a magic, then netlink messages one after the other, each padded to four
 * bytes (struct nlmsghdr, linux/netlink.h; little-endian). Old dumps of addresses have no magic.
 *
 * @throws FormatError for a message that is shorter than its header or runs over the end
 */
export function netlinkMessages(bytes: Uint8Array, where: string, magic: number): readonly NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  let at = view.byteLength >= 4 && view.getUint32(0, true) === magic ? 4 : 0;
  while (at < view.byteLength) {
    const left = view.byteLength - at;
    if (left < HEADER) throw new FormatError(where, at, 'the header of a netlink message is cut off');
    const length = view.getUint32(at, true);
    if (length < HEADER || length > left) {
      throw new FormatError(where, at, `a netlink message of ${length} bytes, with ${left} left`);
    }
    const body = new DataView(bytes.buffer, bytes.byteOffset + at + HEADER, length - HEADER);
    messages.push({ type: view.getUint16(at + 4, true), body });
    at += Math.ceil(length / 4) * 4;
  }
  return messages;
}

/**
 * The attributes behind the fixed part of a message's body (struct rtattr, linux/rtnetlink.h), by number.
 *
 * @param fixed - bytes of the fixed part
 * @throws FormatError as {@link netlinkMessages} does
 */
export function netlinkAttributes(
  body: DataView,
  fixed: number,
  where: string,
): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  if (body.byteLength < fixed)
    throw new FormatError(where, undefined, `a netlink message of only ${body.byteLength} bytes`);
  let at = fixed;
  while (at + 4 <= body.byteLength) {
    const length = body.getUint16(at, true);
    if (length < 4 || length > body.byteLength - at) {
      throw new FormatError(
        where,
        undefined,
        `a netlink attribute of ${length} bytes, with ${body.byteLength - at} left`,
      );
    }
    const type = body.getUint16(at + 2, true) & 0x3fff; // the upper bits say nested and byte order
    attributes.set(type, new Uint8Array(body.buffer, body.byteOffset + at + 4, length - 4));
    at += Math.ceil(length / 4) * 4;
  }
  return attributes;
}
