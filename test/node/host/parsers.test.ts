import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFields } from '../../../src/node/cri/wire.js';
import { parseCriuConfig, parseCriuSize } from '../../../src/node/facts/criu.js';
import { parseKernelConfig, parseVersion } from '../../../src/node/facts/kernel.js';
import { mountOf, parseMountInfo } from '../../../src/node/facts/mounts.js';
import { parseUnit } from '../../../src/node/host/systemd.js';
import { parseTimeSpan } from '../../../src/node/host/time-span.js';
import { parseToml } from '../../../src/node/host/toml.js';
import { parseEnvironmentFile, splitWords } from '../../../src/node/host/unit-command.js';
import { hostFixture } from '../../support/hosts.js';

const read = (fixture: 'kubeadm' | 'k3s' | 'dropins', path: string): string =>
  readFileSync(join(hostFixture(fixture), path), 'utf8');

/** Real files with a piece cut out, doubled or replaced. */
function mutated(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 20, unit: 'binary' }), fc.boolean())
    .map(([at, length, insert, twice]) => {
      const changed = text.slice(0, at) + insert + text.slice(at + length);
      return twice ? changed + changed : changed;
    });
}

test.each([
  ['a unit', read('k3s', 'etc/systemd/system/k3s.service'), (text: string) => [...parseUnit(text, 'x')]],
  [
    'an environment file',
    read('kubeadm', 'var/lib/kubelet/kubeadm-flags.env'),
    (text: string) => [...parseEnvironmentFile(text)],
  ],
  ['a command line', `/usr/bin/x "a b" 'c' \\"d $E`, splitWords],
  ['TOML', read('dropins', 'etc/crio/crio.conf.d/10-crun.conf'), (text: string) => parseToml(text) ?? 'none'],
  ['mounts', read('kubeadm', 'proc/1/mountinfo'), (text: string) => mountOf(parseMountInfo(text), '/proc/x')],
  ['a kernel configuration', read('kubeadm', 'boot/config-5.15.0-126-generic'), parseKernelConfig],
  ['CRIU options', read('dropins', 'etc/criu/crun.conf'), parseCriuConfig],
] as const)('%s that was damaged is read as far as it goes', (_, text, parse) => {
  fc.assert(
    fc.property(mutated(text), (changed) => {
      expect(parse(changed)).toBeDefined();
    }),
    { numRuns: 200 },
  );
});

test('damaged protobuf answers end in an error or a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        readFields(bytes).map(2);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 500 },
  );
});

test("systemd's other ways to write times", () => {
  expect(
    ['0.5', '.5s', '5.', '2M', '1y', '3 months', '1000000μs', '1min30', '2min 1'].map(parseTimeSpan),
  ).toEqual([0.5, 0.5, 5, 2 * 2_629_800, 31_557_600, 3 * 2_629_800, 1, 90, 121]);
});

test('a unit: continued lines, comments, lists that begin anew', () => {
  const settings = [
    ...parseUnit('[Service]\nExecStart=/a \\\n  # no\n  b\n; c\nExecStart=\n[X]\nk = v\n', 'u'),
  ];
  expect(settings.map(({ section, key, value }) => [section, key, value])).toEqual([
    ['Service', 'ExecStart', '/a    b'],
    ['Service', 'ExecStart', ''],
    ['X', 'k', 'v'],
  ]);
  expect(splitWords(`a "b c" 'd'e f\\ g ""`)).toEqual(['a', 'b c', 'de', 'f g', '']);
});

test('times, sizes, versions', () => {
  expect(['30', '30s', '1min 30s', '500ms', '2h', '0', 'infinity', '1.5min'].map(parseTimeSpan)).toEqual([
    30,
    30,
    90,
    0.5,
    7200,
    0,
    Number.POSITIVE_INFINITY,
    90,
  ]);
  expect(['', 'x', '3 parsecs', '-1'].map(parseTimeSpan)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(['10M', '1g', '512', '4K', 'x'].map(parseCriuSize)).toEqual([
    10 << 20,
    1 << 30,
    512,
    4096,
    undefined,
  ]);
  expect(['6.18.44-fc-v669', 'v1.36.0', '4.2', 'x'].map(parseVersion)).toEqual([
    [6, 18, 44],
    [1, 36, 0],
    [4, 2, 0],
    undefined,
  ]);
});

test('TOML as runtimes write it', () => {
  const toml = parseToml(
    `[plugins.'io.containerd.cri.v1.runtime'.containerd] # x\ndefault_runtime_name = "crun"\na."b.c" = ['x', "y"]\nn = -5\nd = 2026-01-01\nt = true # yes\n[[list]]\n`,
  );
  const at = ['plugins', 'io.containerd.cri.v1.runtime', 'containerd'] as const;
  expect(toml?.get(...at, 'default_runtime_name')).toBe('crun');
  expect(toml?.get('__proto__', 'toString')).toBeUndefined();
  expect(toml?.get(...at, 'a', 'b.c')).toEqual(['x', 'y']);
  expect([toml?.get(...at, 'n'), toml?.get(...at, 't'), toml?.get(...at, 'd')]).toEqual([
    -5,
    true,
    undefined,
  ]);
  expect(toml?.tables('plugins')).toEqual(['io.containerd.cri.v1.runtime']);
});

test('large hostile files are read in no time', () => {
  const begun = performance.now();
  const long = 'a'.repeat(4 << 20);
  [...parseUnit(`[S]\n${'x=\\\n'.repeat(1 << 20)}`, 'u')];
  parseToml(`${long}\n${'"'.repeat(1 << 20)}=1\n`);
  parseKernelConfig(`CONFIG_${long}`);
  parseMountInfo('1 '.repeat(1 << 20));
  splitWords('\\'.repeat(1 << 20));
  [...parseEnvironmentFile(`A=${'"\\'.repeat(1 << 20)}`)];
  parseCriuConfig(long);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
