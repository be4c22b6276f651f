import { expect, it } from 'vitest';
import { addressText } from '../../src/criu/address.js';
import { deviceText, flagText } from '../../src/criu/present.js';
import { quotedPrintable } from '../../src/criu/quoted-printable.js';
import { OPEN_FLAGS, VMA_STATUS } from '../../src/criu/schema/flags.js';

it('writes addresses in their shortest form', () => {
  const words = (hex: string): number[] =>
    Array.from({ length: hex.length / 8 }, (_, i) => Buffer.from(hex, 'hex').readUInt32LE(4 * i));
  expect(addressText(words('7f000001'))).toBe('127.0.0.1');
  expect(addressText(words('00000000000000000000000000000000'))).toBe('::');
  expect(addressText(words('00000000000000000000000000000001'))).toBe('::1');
  expect(addressText(words('20010db8000000000001000000000001'))).toBe('2001:db8::1:0:0:1');
  expect(addressText(words('20010000000100000001000100010001'))).toBe('2001:0:1:0:1:1:1:1');
  expect(addressText(words('00000000000000000000ffff0a000001'))).toBe('::ffff:10.0.0.1');
  expect(addressText([1, 2])).toBeUndefined();
});

it('names flags, and shows those without a name', () => {
  expect(flagText(OPEN_FLAGS, 0)).toBe('');
  expect(flagText(OPEN_FLAGS, 0o2)).toBe('O_RDWR');
  expect(flagText(OPEN_FLAGS, 0o100002 | 0x40000000)).toBe('O_RDWR | O_LARGEFILE | 0x40000000');
  expect(flagText(VMA_STATUS, 0x80000001)).toBe('VMA_AREA_REGULAR | VMA_UNSUPP');
});

it('splits device numbers', () => {
  expect(deviceText('kernel', 0x0080_0001n)).toBe('8:1');
  expect(deviceText('libc', 0x801n)).toBe('8:1');
  expect(deviceText('libc', 0x1234_5678n)).toBe('1110:74616'); // os.major and os.minor of Python
});

it('writes quoted-printable text as quopri.encodestring of Python', () => {
  expect(quotedPrintable(Buffer.from('\0/tmp/.X11-unix/X0'))).toBe('=00/tmp/.X11-unix/X0');
  expect(quotedPrintable(Buffer.from('a=b é \n.\n'))).toBe('a=3Db =C3=A9=20\n=2E\n');
  expect(quotedPrintable(Buffer.from('x'.repeat(80)))).toBe(`${'x'.repeat(75)}=\n${'x'.repeat(5)}`);
  expect(quotedPrintable(Buffer.from('one\r\ntwo\n'))).toBe('one\r\ntwo\r\n');
});
