import { describe, expect, test } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { readSeccomp } from '../../src/checkpoint/seccomp.js';
import { parseInstructions } from '../../src/seccomp/bpf.js';
import { evaluate } from '../../src/seccomp/evaluate.js';
import { architectureOf } from '../../src/seccomp/syscalls.js';
import { hasLab, labRun, labTitle } from '../support/lab.js';
import { samplePath } from '../support/samples.js';

const X86_64 = 0xc000003e;

/** Installs the filter in a process of its own, and asks the kernel for every call that it is said to refuse. */
const ASK = `
import base64, ctypes, json, struct, sys
job = json.load(sys.stdin)
code = base64.b64decode(job['filter'])
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(code, len(code))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
answers = {}
for nr in job['calls']:
    ctypes.set_errno(0)
    answers[nr] = ctypes.get_errno() if libc.syscall(nr, 0, 0, 0, 0, 0, 0) == -1 else 0
print(json.dumps(answers))
`;

describe.skipIf(!hasLab || process.arch !== 'x64')(`seccomp ${labTitle}`, () => {
  test('the kernel refuses what the evaluated filter refuses, with the same error', async () => {
    const archive = await openArchive(samplePath('podman-incident'), {});
    const { filters } = await readSeccomp(new Checkpoint(archive)).finally(() => archive.close());
    const bytes = filters[0]?.bytes ?? new Uint8Array();
    const program = parseInstructions(bytes, 'filter 0');
    const expected: Record<string, number> = {};
    for (const [nr, name] of architectureOf(X86_64)?.syscalls ?? []) {
      // since Linux 6.14 the kernel lets these through unfiltered, and ends whoever calls them by hand
      if (name === 'uprobe' || name === 'uretprobe') continue;
      const verdicts = [...(evaluate(program, X86_64, nr) ?? [])];
      const [verdict] = verdicts;
      if (verdicts.length === 1 && verdict !== undefined && verdict >>> 16 === 5)
        expected[nr] = verdict & 0xffff;
    }
    expect(Object.keys(expected).length).toBeGreaterThan(60);
    const job = { filter: Buffer.from(bytes).toString('base64'), calls: Object.keys(expected).map(Number) };
    const answers: unknown = JSON.parse(labRun(['python3', '-c', ASK], JSON.stringify(job)).toString());
    expect(answers).toEqual(expected);
  });
});
