import { rawHeader } from './raw-tar.js';

/** Bytes from text in which `\xff` is that byte. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(
    Buffer.from(text)
      .toString('latin1')
      .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

interface NamedFile {
  /** Names in which `\xff` is a byte. */
  readonly name: string;
  readonly link?: string;
  readonly owner?: string;
  readonly content?: string;
  /** Type flag; default `0`. */
  readonly flag?: string;
}

/** How names that are no UTF-8 stand in a tar: in the header, before it as GNU does, or in pax records. */
export type NameStyle = 'header' | 'gnu' | 'pax';

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function extension(flag: string, body: Uint8Array): Buffer {
  return Buffer.concat([rawHeader({ name: '././@LongLink', size: body.length, flag }), padded(body)]);
}

function record(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length += 1;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

/** One entry of a tar, byte for byte. */
export function entryOf(file: NamedFile, style: NameStyle = 'header'): Buffer {
  const name = bytesOf(file.name);
  const link = bytesOf(file.link ?? '');
  const owner = bytesOf(file.owner ?? '');
  const content = Buffer.from(file.content ?? '');
  const before =
    style === 'gnu'
      ? [
          extension('L', Buffer.concat([name, Buffer.of(0)])),
          extension('K', Buffer.concat([link, Buffer.of(0)])),
        ]
      : style === 'pax'
        ? [
            extension(
              'x',
              Buffer.concat([record('path', name), record('linkpath', link), record('uname', owner)]),
            ),
          ]
        : [];
  const header = rawHeader({ name: 'short', size: content.length, flag: file.flag ?? '0' }, (bytes) => {
    if (style !== 'header') return;
    bytes.fill(0, 0, 100);
    name.copy(bytes, 0);
    link.copy(bytes, 157);
    owner.copy(bytes, 265);
  });
  return Buffer.concat([...before, header, padded(content)]);
}

/** A tar whose names need every byte of them: files, a hard link, a symlink and a directory. */
export function byteNamesTar(style: NameStyle = 'header'): Buffer {
  return Buffer.concat([
    entryOf({ name: 'a\\xfe', content: 'fe' }, style),
    entryOf({ name: 'a\\xff', content: 'ff', owner: 'b\\xf6b' }, style),
    entryOf({ name: 'a\ufffd', content: 'U+FFFD' }, style),
    entryOf({ name: 'h', link: 'a\\xff', flag: '1' }, style),
    entryOf({ name: 's', link: 'a\\xfe', flag: '2' }, style),
    entryOf({ name: 'd\\x80/', flag: '5' }, style),
    entryOf({ name: 'd\\x80/caf\\xe9', content: 'latin-1' }, style),
    entryOf({ name: 'd\\x80/cafe\u0301', content: 'NFD' }, style),
    entryOf({ name: 'd\\x80/caf\u00e9', content: 'NFC' }, style),
    Buffer.alloc(1024),
  ]);
}
