import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portableJson, portableText, readEscapes, readPortable, spellings } from '../../src/base/spelling.js';
import { decodeText } from '../../src/base/text.js';
import { escapeJson, escapeText } from '../../src/render/escape.js';

const name = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom('\\', '\\xff', '\ufffd', 'ff', '\ufffdff', '\\udcff', '\\\\', '"', '\n')
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => decodeText(Buffer.concat(parts)));

test('what a table prints of a name is read back', () => {
  expect(escapeText('a\udcff\\xff\u00ff\u0080')).toBe('a\\xff\\\\xffÿ\\u0080');
  fc.assert(
    fc.property(name, (text) => readEscapes(escapeText(text)) === text),
    { numRuns: 2000 },
  );
});

test('what JSON has of a name is read back, well-formed, and valid UTF-8 stays as it is', () => {
  expect(portableText('a\udcff')).toBe('a\ufffdff');
  expect(portableText('a\ufffdff')).toBe('a\ufffdef\ufffdbf\ufffdbdff');
  for (const text of ['a\ufffd', '\ufffdFF', 'a\\xff', '🙂é\n']) expect(portableText(text)).toBe(text);
  fc.assert(
    fc.property(name, (text) => {
      const portable = portableText(text);
      expect(portable.isWellFormed()).toBe(true);
      expect(readPortable(portable)).toBe(text);
      expect(JSON.parse(portableJson(JSON.stringify([text, { [text]: text }], null, 1)))).toEqual([
        portable,
        { [portable]: portable },
      ]);
    }),
    { numRuns: 2000 },
  );
});

test('a name on a command line is itself first, then as a table or as JSON prints it', () => {
  expect(spellings('a')).toEqual(['a']);
  expect(spellings('a\\xff')).toEqual(['a\\xff', 'a\udcff']);
  expect(spellings('\\xc3\\xa9\\\\')).toEqual(['\\xc3\\xa9\\\\', 'é\\']);
  expect(spellings('C:\\dir')).toEqual(['C:\\dir']);
  expect(spellings('end\\')).toEqual(['end\\']);
  expect(spellings('a\\u{110000}')).toEqual(['a\\u{110000}']);
  expect(spellings('a\ufffdff')).toEqual(['a\ufffdff', 'a\udcff']);
  fc.assert(fc.property(name, (text) => spellings(escapeText(text)).includes(text)));
  fc.assert(fc.property(name, (text) => spellings(portableText(text)).includes(text)));
});

/** Bytes of the lines that a program prints of JSON text on its input. */
function linesOf(program: string, args: readonly string[], input: string): string[] {
  const { stdout, stderr, status } = spawnSync(program, args, { input });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString('utf8').trimEnd().split('\n');
}

const names = [
  'a\udcff',
  'a\udcfe',
  'a\ufffd',
  'a\ufffdff',
  'a\\xff',
  '\udced\udca0\udc80',
  'é',
  'e\u0301',
  '\ufeffa',
];
const json = escapeJson(JSON.stringify(names));
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

test.skipIf(!has('jq'))('jq keeps every name apart (needs jq)', () => {
  expect(linesOf('jq', ['-r', '.[]'], json)).toEqual(names.map(portableText));
  expect(linesOf('jq', ['-c', '.'], json).map(readPortable)).toEqual([
    readPortable(JSON.stringify(names.map(portableText))),
  ]);
});

test.skipIf(!has('python3'))('Python gets the bytes with one substitution (needs python3)', () => {
  const script = `import json, re, sys
for text in json.load(sys.stdin):
    print(re.sub(b'\\xef\\xbf\\xbd([0-9a-f]{2})', lambda m: bytes.fromhex(m[1].decode()), text.encode()).hex())`;
  const bytes = [
    ...['61ff', '61fe', '61efbfbd', '61efbfbd6666', '615c786666', 'eda080', 'c3a9', '65cc81', 'efbbbf61'],
  ];
  expect(linesOf('python3', ['-c', script], json)).toEqual(bytes);
});
