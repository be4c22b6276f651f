import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, encodeText, fsPath, isDecoded } from '../../src/base/text.js';

/** Bytes of which many are nearly UTF-8. */
const nearlyText = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom(
          'c0af',
          'e080af',
          'eda080',
          'edb080',
          'f4908080',
          'efbfbd',
          'efbbbf',
          '00',
          'c3',
          'f09f98',
        )
        .map((hex) => Buffer.from(hex, 'hex')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

test('keeps every byte of a text, UTF-8 or not', () => {
  fc.assert(
    fc.property(nearlyText, (bytes) => {
      const text = decodeText(bytes);
      expect(encodeText(text)).toEqual(bytes);
      expect(isDecoded(text)).toBe(true);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeText(Buffer.from(text)) === text));
});

test('names that only look alike, or would be one once repaired, stay apart', () => {
  const names = [
    ...['61ff', '61fe', '61efbfbd', '61', 'efbbbf61', '6100'],
    ...['c0af', 'e080af', '2f'], // overlong forms of a slash
    ...['eda080', 'edb080', 'eda080edb080', 'f0908080'], // surrogates in UTF-8, and the character of the pair
    ...['c3a9', '65cc81'], // é in its two normal forms
    ...['c3', 'a9'],
  ];
  expect(new Set(names.map((hex) => decodeText(Buffer.from(hex, 'hex')))).size).toBe(names.length);
  expect(decodeText(Buffer.from('61ffc3a9eda080', 'hex'))).toBe('a\udcffé\udced\udca0\udc80');
});

test('what no bytes decode to is told, and is encoded as no name is', () => {
  for (const text of ['\ud800', 'a\udc7f', '\udcc3\udca9', '\udd00'])
    expect(isDecoded(text), text).toBe(false);
  for (const text of ['', 'a', '\ufffd', '\u{1f642}', 'a\udcff']) expect(isDecoded(text), text).toBe(true);
  expect(encodeText('\ud800')).toEqual(Buffer.from('eda080', 'hex'));
});

test('fs takes a path of bytes where a text would not do', () => {
  expect(fsPath('/tmp/é')).toBe('/tmp/é');
  expect(fsPath('/tmp/a\udcff')).toEqual(Buffer.from('2f746d702f61ff', 'hex'));
});

const python = spawnSync('python3', ['--version']).status === 0;

test.skipIf(!python)('decodes as Python with surrogateescape (needs python3)', () => {
  const samples = fc.sample(nearlyText, 300);
  const script = `import json, sys
print(json.dumps([bytes.fromhex(one).decode('utf-8', 'surrogateescape') for one in json.load(sys.stdin)]))`;
  const input = JSON.stringify(samples.map((bytes) => bytes.toString('hex')));
  const { stdout } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual(samples.map(decodeText));
});
