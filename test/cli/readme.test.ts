import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { coldcase } from '../support/coldcase.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(`${ROOT}README.md`, 'utf8');

/** Commands of one section with what it says that they print: indented blocks that begin with `$ coldcase`. */
function examples(heading: string): readonly (readonly [command: string, output: string])[] {
  const section = README.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  return [...section.matchAll(/^ {4}\$ coldcase (.*)\n((?: {4}.*\n)+)/gm)].map(
    ([, command, output]) => [command ?? '', (output ?? '').replace(/^ {4}/gm, '')] as const,
  );
}

test.each(examples('Question a checkpoint'))('the README is right about: %s', async (command, output) => {
  expect(await coldcase(command.split(' '), { cwd: ROOT })).toEqual({ code: 0, stdout: output, stderr: '' });
});

test('the README has examples', () => {
  expect(examples('Question a checkpoint')).toHaveLength(3);
});
