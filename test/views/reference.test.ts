import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { AnyColumn } from '../../src/render/table.js';
import { DIFF_COLUMNS } from '../../src/views/diff.js';
import { MATCH_COLUMNS, MEMORY_LIST_COLUMNS, STRING_COLUMNS } from '../../src/views/memory-rows.js';
import { RECOVERED_COLUMNS } from '../../src/views/recovered-rows.js';
import { VIEWS } from '../../src/views/registry.js';
import { showView } from '../../src/views/show.js';

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

function section(name: string, columns: readonly AnyColumn[]): string {
  const lines = columns.map(
    ({ key, about }) => `- \`${key}\`: ${about ?? expect.fail(`${name}: ${key} is not described`)}`,
  );
  return `## ${name}\n\n${lines.join('\n')}\n`;
}

test('src/views/json.md names every field of every view', async () => {
  const views = await Promise.all(Object.values(VIEWS).map(({ load }) => load()));
  const sections = [showView, ...views].map(({ name, columns }) => section(name, columns));
  const others: [string, readonly AnyColumn[]][] = [
    ['diff', DIFF_COLUMNS],
    ['memory list', MEMORY_LIST_COLUMNS],
    ['memory search', MATCH_COLUMNS],
    ['memory strings', STRING_COLUMNS],
    ['recover', RECOVERED_COLUMNS],
  ];
  const text = [INTRODUCTION, ...sections, ...others.map(([name, columns]) => section(name, columns))].join(
    '\n',
  );
  await expect(text).toMatchFileSnapshot(fileURLToPath(new URL('../../src/views/json.md', import.meta.url)));
});
