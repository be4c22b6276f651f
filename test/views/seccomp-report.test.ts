import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { chainOf, readSeccomp } from '../../src/checkpoint/seccomp.js';
import { readProfile } from '../../src/seccomp/profile.js';
import { reportSeccomp } from '../../src/views/seccomp-report.js';
import { renderSeccomp } from '../../src/views/seccomp-text.js';
import { type Sample, samplePath } from '../support/samples.js';

const BIN = new URL('../../bin/coldcase.js', import.meta.url).pathname;

async function stateOf(sample: Sample) {
  const archive = await openArchive(samplePath(sample), {});
  try {
    return await readSeccomp(new Checkpoint(archive));
  } finally {
    await archive.close();
  }
}

test('the filter that libseccomp made does what the profile in spec.dump says', async () => {
  const state = await stateOf('podman-incident');
  const report = reportSeccomp(state);
  expect(report.chains).toHaveLength(1);
  const [chain] = report.chains;
  expect(chain?.pids).toEqual([1, 3, 4]);
  expect(chain?.architectures).toEqual(['x86-64', 'i386']);
  const verdicts = new Map(
    (chain?.actions ?? [])
      .filter(({ arch }) => arch === 'x86-64')
      .flatMap(({ verdict, syscalls }) => syscalls.map((name) => [name, verdict.join(' or ')] as const)),
  );
  const profile = readProfile(state.profile);
  if (profile === undefined) throw new Error('no profile');
  let compared = 0;
  for (const [name, verdict] of verdicts) {
    const rules = profile.rules.filter(({ names }) => names.includes(name));
    if (rules.length !== 1 || rules[0]?.conditional === true) continue;
    const expected = rules[0]?.action === 'SCMP_ACT_ALLOW' ? 'ALLOW' : `ERRNO(${rules[0]?.errno} EPERM)`;
    expect(`${name}: ${verdict}`).toBe(`${name}: ${expected}`);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(300);
  const unnamed = [...verdicts].filter(
    ([name]) => !name.includes(' ') && !profile.rules.some(({ names }) => names.includes(name)),
  );
  expect(new Set(unnamed.map(([, verdict]) => verdict))).toEqual(new Set(['ERRNO(38 ENOSYS)']));
  expect(verdicts.get('personality')).toBe('ERRNO(38 ENOSYS) or ALLOW');
  expect(verdicts.get('socket')).toBe('ERRNO(1 EPERM) or ERRNO(22 EINVAL) or ALLOW');
});

test('containers without a filter say so', async () => {
  for (const sample of ['containerd-redis', 'crio-looper'] as const) {
    const report = reportSeccomp(await stateOf(sample));
    expect(report.chains).toEqual([]);
    expect(report.profile).toBeNull();
    expect(report.threads.every(({ mode }) => mode === 'disabled')).toBe(true);
    expect([...renderSeccomp(report, { width: 80, listing: true })].join('')).toContain('no filter');
  }
});

test('filters that hang on each other in a circle, or on none, are refused', () => {
  const filter = (previous: number | undefined) => ({ bytes: new Uint8Array(), previous, flags: 0 });
  expect(chainOf([filter(undefined), filter(0)], 1)).toEqual([1, 0]);
  expect(() => chainOf([filter(1), filter(0)], 0)).toThrow('hangs on itself');
  expect(() => chainOf([filter(7)], 0)).toThrow('there is no filter 7');
});

test('the command: table, JSON, CSV, listing', async () => {
  const run = async (...words: string[]): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, [BIN, 'seccomp', samplePath('podman-incident'), ...words], {
        maxBuffer: 64 << 20,
      })
    ).stdout;
  const [table, json, csv, listing] = await Promise.all([
    run(),
    run('--json'),
    run('--format', 'csv', '--filter', 'syscall=ptrace'),
    run('--listing'),
  ]);
  expect(table).toContain('filter 0  PID 1, 3, 4');
  expect(table).toContain('profile of spec.dump  default SCMP_ACT_ERRNO (errno 38)');
  expect(table.split('\n').every((line) => line.length <= 100)).toBe(true);
  const parsed = JSON.parse(json);
  expect(Object.keys(parsed)).toEqual(['threads', 'chains', 'filters', 'profile']);
  expect(parsed.filters[0].instructions[1]).toEqual({
    at: 1,
    text: 'jeq #0xc000003e, 0003, 0002',
    comment: 'x86-64',
  });
  expect(csv.trim().split(/\r?\n/)).toEqual(['chain,arch,syscall,verdict', '0,x86-64,ptrace,ALLOW']);
  expect(listing).toContain('filter 0: 1161 instructions, TSYNC');
});
