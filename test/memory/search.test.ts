import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import type { Archive } from '../../src/archive/archive.js';
import { openArchive } from '../../src/archive/open.js';
import { IntegrityError, InterruptedError, UsageError } from '../../src/base/errors.js';
import { readIdentityFile } from '../../src/bytes/age-identity.js';
import { MemoryImages } from '../../src/criu/memory.js';
import { compilePattern, type PatternRequest } from '../../src/memory/pattern.js';
import {
  type MemoryMatch,
  type SearchOptions,
  type StoppedStretch,
  searchMemory,
} from '../../src/memory/search.js';
import { makeSpace, PAGE, stretches } from '../support/address-space.js';
import { samplePath } from '../support/samples.js';

let directory: string;
let plain: Archive;
let sealed: Archive;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-'));
  const tar = decompress(readFileSync(samplePath('podman-incident')));
  writeFileSync(join(directory, 'plain.tar'), tar);
  plain = await openArchive(join(directory, 'plain.tar'));
  const identities = await readIdentityFile(
    fileURLToPath(new URL('../../samples/demo-key.txt', import.meta.url)),
  );
  sealed = await openArchive(samplePath('podman-incident', '.tar.zst.age'), { identities });
  expect(sealed.access?.fileKey).toBeDefined();
});
afterAll(async () => {
  await plain.close();
  await sealed.close();
  rmSync(directory, { recursive: true });
});

async function find(
  archive: Archive,
  request: PatternRequest,
  options: Partial<SearchOptions> = {},
): Promise<MemoryMatch[]> {
  const images = new MemoryImages(archive);
  const targets = await Promise.all([1, 3, 4].map((pid) => images.process(pid)));
  const pattern = compilePattern(request);
  const found: MemoryMatch[] = [];
  for await (const match of searchMemory(archive, { targets, pattern, ...options })) found.push(match);
  return found;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('the incident', () => {
  test('what was planted is found, with its process, mapping and place in the tar', async () => {
    const tar = readFileSync(join(directory, 'plain.tar'));
    for (const wanted of [
      'AKIAIOSFODNN7EXAMPLE',
      'SHM-SECRET-99',
      'stratum+tcp://pool.evil.example',
      'LD_PRELOAD=',
    ]) {
      const found = await find(plain, { text: wanted, kind: 'literal' });
      expect(found.length).toBeGreaterThan(0);
      for (const { bytes, stored, vma, address } of found) {
        expect(text(bytes)).toBe(wanted);
        expect(vma !== undefined && vma.start <= address && address < vma.end).toBe(true);
        const at = stored?.archiveOffset ?? -1;
        expect(tar.toString('latin1', at, at + wanted.length)).toBe(wanted);
      }
    }
    const [miner] = await find(plain, { text: 'stratum+tcp', kind: 'literal' });
    expect(miner).toMatchObject({ pid: 4, address: 0x7ff81cfe0080n });
  });

  test('threads, no threads, sealed: the same matches in the same order', async () => {
    const requests: PatternRequest[] = [
      { text: 'SECRET', kind: 'literal' },
      { text: 'secret', kind: 'literal', ignoreCase: true, utf16: true },
      { text: '7f 45 4c 46 02 ?1', kind: 'hex' },
      { text: '[A-Z_]{20,}', kind: 'regex' },
      { text: 'self', kind: 'literal' }, // more than one answer of a thread holds
    ];
    for (const request of requests) {
      const alone = await find(plain, request, { threads: 0, context: 5 });
      expect(alone.length).toBeGreaterThan(0);
      expect(await find(plain, request, { threads: 2, context: 5 })).toEqual(alone);
      expect(await find(sealed, request, { threads: 2, context: 5 })).toEqual(alone);
    }
  });

  test('a regular expression that runs away is stopped, and where is said', async () => {
    for (const threads of [0, 1]) {
      const stopped: StoppedStretch[] = [];
      const images = new MemoryImages(plain);
      const targets = [await images.process(4)];
      const request: PatternRequest = { text: '(\\w+\\s?)*$X', kind: 'regex' };
      const options = {
        targets,
        timeLimit: 50,
        threads,
        onStopped: (stretch: StoppedStretch) => stopped.push(stretch),
      };
      expect(await find(plain, request, options)).toEqual([]);
      expect(stopped.length).toBeGreaterThan(0);
      expect(stopped[0]).toMatchObject({ pid: 4 });
    }
  });

  test('what ends a thread ends the search as it would without threads: class, place and remedy', async () => {
    const path = join(directory, 'shorter.tar');
    writeFileSync(path, readFileSync(join(directory, 'plain.tar')));
    for (const threads of [0, 2]) {
      const archive = await openArchive(path);
      const images = new MemoryImages(archive);
      const targets = await Promise.all([1, 3, 4].map((pid) => images.process(pid)));
      const end = ((await archive.find('checkpoint/pages-2.img'))?.dataOffset ?? 0) + 4096;
      truncateSync(path, end);
      const search = searchMemory(archive, {
        ...{ targets, threads },
        pattern: compilePattern({ text: 'no such text', kind: 'literal' }),
      });
      const error: unknown = await search.next().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(IntegrityError);
      const { message, remedy } = error instanceof IntegrityError ? error : new IntegrityError('');
      const [, at = ''] =
        /at offset ([0-9]+): the file became shorter while it was read$/.exec(message) ?? [];
      expect(message.startsWith(path)).toBe(true);
      expect(Number(at)).toBeGreaterThanOrEqual(end); // of several threads, the first to fail
      expect(remedy).toMatch(/\S/);
      await archive.close();
      writeFileSync(path, readFileSync(join(directory, 'plain.tar')));
    }
  });

  test('it can be stopped', async () => {
    const controller = new AbortController();
    controller.abort(new InterruptedError('stopped'));
    for (const threads of [0, 1]) {
      const search = find(plain, { text: 'e', kind: 'literal' }, { signal: controller.signal, threads });
      await expect(search).rejects.toThrow(InterruptedError);
    }
  });
});

describe('any memory', () => {
  const page = fc.option(
    fc.array(fc.constantFrom('a', 'b', '\0'), { minLength: 1, maxLength: 6 }).chain((tail) =>
      fc.constantFrom(0, PAGE - tail.length).map((at) => {
        const bytes = new Uint8Array(PAGE).fill(0x2e);
        bytes.set(Buffer.from(tail.join('')), at);
        return bytes;
      }),
    ),
    { nil: undefined },
  );
  const mappings = fc.array(
    fc.record({ gap: fc.constantFrom(0, 0, 1), pages: fc.array(page, { maxLength: 3 }) }),
    { maxLength: 5 },
  );

  test('finds exactly what a search of each stretch finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        mappings,
        fc.constantFrom('ab', 'bab', 'a\0\0b', 'b\0'),
        fc.boolean(),
        async (specs, needle, regex) => {
          const space = makeSpace(specs);
          const expected: bigint[] = [];
          for (const { start, bytes } of await stretches(space)) {
            for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + needle.length)) {
              expected.push(start + BigInt(at));
            }
          }
          const source = regex ? needle.replaceAll('\0', '\\x00') : needle;
          const pattern = compilePattern({ text: source, kind: regex ? 'regex' : 'literal' });
          const found: bigint[] = [];
          for await (const match of searchMemory(plain, {
            targets: [{ pid: 1, space }],
            pattern,
            threads: 0,
          })) {
            expect(text(match.bytes)).toBe(needle);
            found.push(match.address);
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('matches across the windows of a search', async () => {
    const big = Array.from({ length: 600 }, () => new Uint8Array(PAGE).fill(0x2e));
    const space = makeSpace([{ gap: 0, pages: big }]);
    const image = [...space.segments()].flatMap(({ backing }) => (backing.kind === 'pages' ? [backing] : []));
    const bytes = await image[0]?.pages.source.read(0, 600 * PAGE);
    const places = [0, (1 << 20) - 3, (2 << 20) - 1, 600 * PAGE - 6];
    for (const at of places) bytes?.set(Buffer.from('NEEDLE'), at);
    for (const request of [
      { text: 'NEEDLE', kind: 'literal' },
      { text: '\\bNEEDLE', kind: 'regex' },
      { text: '4e 45 ?? 44', kind: 'hex' },
    ] as const) {
      const found: bigint[] = [];
      const options = {
        targets: [{ pid: 1, space }],
        pattern: compilePattern(request),
        threads: 0,
        context: 3,
      };
      for await (const match of searchMemory(plain, options)) {
        found.push(match.address);
        if (match.address > 0x10000n) expect(text(match.before)).toBe('...');
      }
      expect(found).toEqual(places.map((at) => 0x10000n + BigInt(at)));
    }
  });
});

describe('patterns', () => {
  const bad: [string, PatternRequest][] = [
    ['empty', { text: '', kind: 'literal' }],
    ['empty expression', { text: '', kind: 'regex' }],
    ['unclosed group', { text: '(', kind: 'regex' }],
    ['one that matches nothing everywhere', { text: 'a*', kind: 'regex' }],
    ['odd digits', { text: '4', kind: 'hex' }],
    ['no digits', { text: 'zz', kind: 'hex' }],
    ['any byte', { text: '?? ??', kind: 'hex' }],
    ['only spaces', { text: '  ', kind: 'hex' }],
    ['UTF-16 of an expression', { text: 'a', kind: 'regex', utf16: true }],
    ['very long', { text: 'x'.repeat(5000), kind: 'literal' }],
  ];
  test.each(bad)('%s: a clear error', (_name, request) => {
    expect(() => compilePattern(request)).toThrow(UsageError);
  });

  test('hex wildcards match any byte, line breaks too, and halves of bytes', () => {
    const { source, flags } = {
      flags: '',
      source: '',
      ...compilePattern({ text: '4? ?a ?? 0x00', kind: 'hex' }),
    };
    const regex = new RegExp(source, flags);
    expect('\x4f\x8a\n\0'.match(regex)?.[0]).toBe('\x4f\x8a\n\0');
    expect('\x5f\x8a\n\0'.match(regex)).toBeNull();
    expect('\x4f\x8b\n\0'.match(regex)).toBeNull();
  });

  test('ignoring case folds ASCII letters and nothing else', () => {
    const { source, flags } = {
      flags: '',
      source: '',
      ...compilePattern({ text: 'Kä.', kind: 'literal', ignoreCase: true }),
    };
    const regex = new RegExp(source, flags);
    const latin1 = (value: string): string => Buffer.from(value).toString('latin1');
    expect(latin1('kä.').match(regex)).not.toBeNull();
    expect(latin1('KÄ.').match(regex)).toBeNull();
    expect(latin1('käx').match(regex)).toBeNull();
  });
});

test('a byte of the command line that is no UTF-8 is searched for as that byte', () => {
  expect(compilePattern({ kind: 'literal', text: 'a\udcff' })).toEqual({ kind: 'bytes', needles: ['a\xff'] });
  expect(compilePattern({ kind: 'regex', text: 'a\udcff+' })).toMatchObject({
    kind: 'regex',
    source: 'a\xff+',
  });
});
