import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FormatError } from '../../src/base/errors.js';
import { requireShallowYaml } from '../../src/base/yaml-depth.js';
import { chooseContext } from '../../src/kubelet/kubeconfig-files.js';
import { parseConfigText } from '../../src/node/config/document.js';

const indented = (levels: number, text: string): string =>
  Array.from({ length: levels }, (_, level) => ' '.repeat(level) + text).join('\n');

describe('YAML that would end the process is refused before it is parsed', () => {
  test.each([
    '[ '.repeat(100_000),
    '["]", '.repeat(10_000),
    '{a: '.repeat(60_000),
    '- '.repeat(100_000),
    '? '.repeat(100_000),
    `'${'[ '.repeat(50_000)}': ${'[ '.repeat(50_000)}`,
    indented(700, 'a:'),
    indented(500, '-'),
  ])('%#', (text) => {
    expect(() => requireShallowYaml('x', text)).toThrow(FormatError);
    expect(() => requireShallowYaml('x', text)).toThrow(/^x at offset \d+: nests deeper than 100 levels/);
  });
});

test.each([
  indented(60, 'a:'),
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `a: "${'['.repeat(10_000)}"`,
  `a: |\n${indented(300, 'text').replaceAll(/^/gm, '  ')}`,
  JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ i, list: [[i]] }))),
  Array.from({ length: 5000 }, (_, i) => `k${i}: {a: [1, 2]}`).join('\n'),
])('YAML that does not is let through, %#', (text) => {
  requireShallowYaml('x', text);
  expect(parse(text)).toBeDefined();
});

test("a node's configuration and a kubeconfig that do are errors, not the end of the process", async () => {
  expect(() => parseConfigText('config.yaml', '[ '.repeat(100_000))).toThrow(FormatError);
  const directory = mkdtempSync(join(tmpdir(), 'coldcase-yaml-'));
  try {
    const file = join(directory, 'config');
    writeFileSync(file, '[ '.repeat(100_000), { mode: 0o600 });
    await expect(chooseContext([file], undefined)).rejects.toThrow('it nests too deep');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
