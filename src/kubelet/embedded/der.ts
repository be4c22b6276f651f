/** The few pieces of DER (X.690) that a certificate is made of. */

/** One value with a tag and its content; contents are shorter than 64 KiB here. */
export function primitive(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

/** SEQUENCE. */
export function list(...parts: readonly Uint8Array[]): Buffer {
  return primitive(0x30, Buffer.concat(parts));
}

/** SET of one. */
export function set(part: Uint8Array): Buffer {
  return primitive(0x31, part);
}

/** Context-specific and constructed: `[number] EXPLICIT`. */
export function explicit(number: number, part: Uint8Array): Buffer {
  return primitive(0xa0 | number, part);
}

/** OCTET STRING. */
export function bytes(content: Uint8Array): Buffer {
  return primitive(0x04, content);
}

/** BIT STRING of whole bytes. */
export function bitString(content: Uint8Array): Buffer {
  return primitive(0x03, Buffer.concat([Buffer.from([0]), content]));
}

export function utf8(text: string): Buffer {
  return primitive(0x0c, Buffer.from(text, 'utf8'));
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
export function time(at: Date): Buffer {
  const digits = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return at.getUTCFullYear() < 2050
    ? primitive(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : primitive(0x18, Buffer.from(digits, 'latin1'));
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const out = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80);
    out.push(...groups);
  }
  return primitive(0x06, Buffer.from(out));
}
