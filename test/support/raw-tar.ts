interface RawHeader {
  readonly name: string;
  readonly size: number;
  /** Type flag; default `0`. */
  readonly flag?: string;
  readonly link?: string;
  /** Magic and version; default POSIX ustar. */
  readonly magic?: string;
  readonly prefix?: string;
  readonly mtime?: number;
}

/** A tar header of exactly these fields; `change` may damage it before the checksum is made. */
export function rawHeader(fields: RawHeader, change?: (header: Buffer) => void): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0');
  header.write(fields.name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(fields.size, 12), 124);
  header.write(octal(fields.mtime ?? 0, 12), 136);
  header.write(fields.flag ?? '0', 156);
  header.write(fields.link ?? '', 157);
  header.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(fields.prefix ?? '', 345);
  change?.(header);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\0 `, 148);
  return header;
}

/** Text padded with NULs to whole tar blocks. */
export function block(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (Buffer.byteLength(text) % 512)) % 512)]);
}
