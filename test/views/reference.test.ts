import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { QUESTIONS, VIEWS } from '../../src/views/registry.js';
import type { AnyQuestion } from '../../src/views/view.js';

const INTRODUCTION = `# JSON fields

What \`--json\` (a list of objects), \`--format ndjson\` (one object a line) and \`--format csv\` print, by command. The
same names serve \`--filter\` and \`--columns\`. A field is always there; what the archive does not say is null. Sizes
and offsets are bytes, numbers unless they exceed 2^53 (then decimal digits), addresses 0x-prefixed lower-case hex
strings, times ISO 8601 in UTC. Text is as the container wrote it; a byte that is no UTF-8 is U+FFFD and its two
hex digits, \`a\\ufffdff\`, and where U+FFFD itself stands before two lower-case hex digits, its three bytes are written so.
Names in that form, and as tables print them (\`a\\xff\`), are understood on the command line. CSV has the form of tables.
\`inspect --json\` prints these rows gathered by section; its help names the sections.

This file is made from the views by a test: \`npx vitest run --config test/vitest.config.ts test/views/reference -u\`.
`;

function section({ name, summary, columns }: AnyQuestion): string {
  const lines = columns.map(({ key, about }) => `- \`${key}\`: ${about}`);
  return `## ${name}\n\n${capitalized(summary)}.\n\n${lines.join('\n')}\n`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

test('src/views/json.md names every field of every question', async () => {
  const questions = [...Object.values(VIEWS), ...Object.values(QUESTIONS)];
  const sections = (await Promise.all(questions.map(({ load }) => load()))).map(section);
  const text = [INTRODUCTION, ...sections].join('\n');
  await expect(text).toMatchFileSnapshot(fileURLToPath(new URL('../../src/views/json.md', import.meta.url)));
});
