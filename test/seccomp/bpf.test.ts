import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { actionName, strictest } from '../../src/seccomp/actions.js';
import { type Instruction, parseInstructions } from '../../src/seccomp/bpf.js';
import { architecturesIn, disassemble } from '../../src/seccomp/disassemble.js';
import { actionTable, evaluate, evaluateChain } from '../../src/seccomp/evaluate.js';
import { architectureOf } from '../../src/seccomp/syscalls.js';

const X86_64 = 0xc000003e;
const AARCH64 = 0xc00000b7;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;

const at = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const load = (offset: number): Instruction => at(0x20, offset);
const jeq = (k: number, jt: number, jf: number): Instruction => at(0x15, k, jt, jf);
const ret = (k: number): Instruction => at(0x06, k);

/** Of x86-64 and aarch64: openat is refused, write is allowed to descriptor 1 only, else allowed. */
const FILTER: readonly Instruction[] = [
  load(4),
  jeq(X86_64, 0, 5),
  load(0),
  jeq(257, 9, 0), // openat
  jeq(1, 0, 9), // write
  load(16),
  jeq(1, 7, 6),
  jeq(AARCH64, 0, 2),
  load(0),
  jeq(56, 3, 4), // openat
  ret(KILL),
  ret(KILL),
  ret(KILL),
  ret(EPERM),
  ret(ALLOW),
];

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}

test('parses what it encodes, and refuses what the kernel would', () => {
  expect(parseInstructions(encode(FILTER), 'x')).toEqual(FILTER);
  expect(() => parseInstructions(new Uint8Array(), 'x')).toThrow(FormatError);
  expect(() => parseInstructions(new Uint8Array(12), 'x')).toThrow('not made of instructions');
  expect(() => parseInstructions(new Uint8Array(8 * 4097), 'x')).toThrow('4097 instructions');
  expect(() => parseInstructions(encode([jeq(1, 9, 0), ret(0)]), 'x')).toThrow('leads out of the filter');
  // the very next instruction behind the end, by either way
  expect(() => parseInstructions(encode([jeq(1, 1, 0), ret(0)]), 'x')).toThrow('leads out of the filter');
  expect(() => parseInstructions(encode([jeq(1, 0, 1), ret(0)]), 'x')).toThrow('leads out of the filter');
  expect(parseInstructions(encode([jeq(1, 1, 1), ret(0), ret(1)]), 'x')).toHaveLength(3);
  expect(() => parseInstructions(encode([at(0x05, 0xffffffff)]), 'x')).toThrow('leads out of the filter');
  expect(() => parseInstructions(encode([load(0)]), 'x')).toThrow('leads out of the filter');
});

test('disassembles with what the constants mean', () => {
  const lines = disassemble(FILTER).map(({ at: n, text, comment }) => `${n} ${text} ; ${comment}`);
  expect(lines.slice(0, 5)).toEqual([
    '0 ld [4] ; arch',
    '1 jeq #0xc000003e, 0002, 0007 ; x86-64',
    '2 ld [0] ; nr',
    '3 jeq #0x101, 0013, 0004 ; openat',
    '4 jeq #0x1, 0005, 0014 ; write',
  ]);
  expect(lines[5]).toBe('5 ld [16] ; args[0] low');
  expect(lines[6]).toBe('6 jeq #0x1, 0014, 0013 ; ');
  expect(lines[7]).toBe('7 jeq #0xc00000b7, 0008, 0010 ; aarch64');
  expect(lines[9]).toBe('9 jeq #0x38, 0013, 0014 ; openat');
  expect(lines[13]).toBe('13 ret #0x50001 ; ERRNO(1 EPERM)');
  expect(architecturesIn(FILTER).map(({ name }) => name)).toEqual(['x86-64', 'aarch64']);
});

test('every kind of instruction has a text', () => {
  const program = [
    at(0x00, 5),
    at(0x80, 0),
    at(0x60, 3),
    at(0x01, 7),
    at(0x61, 2),
    at(0x02, 1),
    at(0x03, 4),
    at(0x54, 0xff),
    at(0x0c, 0),
    at(0x84, 0),
    at(0x45, 8, 0, 0),
    at(0x1d, 0, 0, 0),
    at(0x07, 0),
    at(0x87, 0),
    at(0x16, 0),
  ];
  expect(disassemble(program).map(({ text }) => text)).toEqual([
    'ld #0x5',
    'ld len',
    'ld M[3]',
    'ldx #0x7',
    'ldx M[2]',
    'st M[1]',
    'stx M[4]',
    'and #0xff',
    'add x',
    'neg',
    'jset #0x8, 0011, 0011',
    'jeq x, 0012, 0012',
    'tax',
    'txa',
    'ret a',
  ]);
});

test('evaluates: arch and number decide, an unknown argument takes both ways', () => {
  const verdicts = (audit: number, nr: number): number[] => [...(evaluate(FILTER, audit, nr) ?? [])];
  expect(verdicts(X86_64, 257)).toEqual([EPERM]);
  expect(verdicts(X86_64, 0)).toEqual([ALLOW]);
  expect(verdicts(X86_64, 1).sort()).toEqual([EPERM, ALLOW].sort());
  expect(verdicts(AARCH64, 56)).toEqual([EPERM]);
  expect(verdicts(AARCH64, 257)).toEqual([ALLOW]);
  expect(verdicts(0x40000003, 5)).toEqual([KILL]);
});

test('arithmetic as the kernel does it', () => {
  const run = (...program: Instruction[]): readonly number[] => [
    ...(evaluate([...program, at(0x16, 0)], X86_64, 7) ?? []),
  ];
  expect(run(load(0), at(0x04, 0xffffffff))).toEqual([6]);
  expect(run(at(0x00, 5), at(0x14, 6))).toEqual([0xffffffff]);
  expect(run(at(0x00, 6), at(0x24, 7))).toEqual([42]);
  expect(run(at(0x00, 43), at(0x34, 2))).toEqual([21]);
  expect(run(at(0x00, 0xf0), at(0x44, 0x0f))).toEqual([0xff]);
  expect(run(at(0x00, 1), at(0x64, 31))).toEqual([0x80000000]);
  expect(run(at(0x00, 0x80000000), at(0x74, 31))).toEqual([1]);
  expect(run(at(0x00, 1), at(0x84, 0))).toEqual([0xffffffff]);
  expect(run(at(0x00, 6), at(0xa4, 3))).toEqual([5]);
  expect(run(at(0x00, 43), at(0x94, 5))).toEqual([3]);
  expect(run(load(0), at(0x02, 2), at(0x00, 1), at(0x60, 2))).toEqual([7]);
  expect(run(load(0), at(0x07, 0), at(0x00, 1), at(0x0c, 0))).toEqual([8]);
  expect(evaluate([load(16), at(0x16, 0)], X86_64, 7)).toBeUndefined();
});

test('comparisons as the kernel makes them, also with equal numbers', () => {
  const holds = (code: number, k: number): boolean =>
    evaluate([load(0), at(code, k, 0, 1), ret(1), ret(0)], X86_64, 7)?.has(1) === true;
  const [JEQ, JGT, JGE, JSET] = [0x15, 0x25, 0x35, 0x45] as const;
  expect([6, 7, 8].map((k) => holds(JEQ, k))).toEqual([false, true, false]);
  expect([6, 7, 8].map((k) => holds(JGT, k))).toEqual([true, false, false]);
  expect([6, 7, 8].map((k) => holds(JGE, k))).toEqual([true, true, false]);
  expect([4, 8].map((k) => holds(JSET, k))).toEqual([true, false]);
});

test('of several filters the strictest verdict holds', () => {
  expect(strictest([ALLOW, EPERM])).toBe(EPERM);
  expect(strictest([0, KILL])).toBe(KILL);
  expect(strictest([0x7ffc0000, ALLOW])).toBe(0x7ffc0000);
  expect([...(evaluateChain([FILTER, [ret(0x7ffc0000)]], X86_64, 0) ?? [])]).toEqual([0x7ffc0000]);
  expect(
    [KILL, 0, 0x30000, EPERM, 0x7fc00000, 0x7ff00007, 0x7ffc0000, ALLOW, 0x12340000].map(actionName),
  ).toEqual([
    'KILL_PROCESS',
    'KILL_THREAD',
    'TRAP',
    'ERRNO(1 EPERM)',
    'NOTIFY',
    'TRACE(7)',
    'LOG',
    'ALLOW',
    'KILL_PROCESS (unknown action 0x12340000)',
  ]);
});

test('the table names syscalls of both architectures', () => {
  const rows = (audit: number): readonly string[] => {
    const architecture = architectureOf(audit);
    if (architecture === undefined) throw new Error('no such architecture');
    return actionTable([FILTER], architecture).map(
      ({ verdicts, syscalls }) => `${verdicts.map(actionName).join('|')} ${syscalls.slice(0, 2)}`,
    );
  };
  expect(rows(X86_64)).toEqual([
    'ALLOW _sysctl,accept',
    'ERRNO(1 EPERM) openat',
    'ERRNO(1 EPERM)|ALLOW write',
  ]);
  expect(rows(AARCH64)).toEqual(['ALLOW accept,accept4', 'ERRNO(1 EPERM) openat']);
});

test('a filter made to explode is given up, in time', () => {
  const program: Instruction[] = [];
  // every block reads an argument and keeps a bit of it: states double at each
  for (let block = 0; block < 300; block += 1) {
    program.push(
      load(16),
      jeq(block, 0, 3),
      at(0x60, block % 16),
      at(0x04, 1 << (block % 31)),
      at(0x02, block % 16),
    );
  }
  program.push(ret(ALLOW));
  const begun = performance.now();
  for (let nr = 0; nr < 5; nr += 1) evaluate(program, X86_64, nr);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('any bytes are refused or disassembled and evaluated', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 * 12 }), (bytes) => {
      let program: readonly Instruction[];
      try {
        program = parseInstructions(bytes, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        return;
      }
      expect(disassemble(program)).toHaveLength(program.length);
      evaluate(program, X86_64, 1);
    }),
    { numRuns: 500 },
  );
});
