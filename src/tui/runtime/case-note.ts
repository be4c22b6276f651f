import { extname } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { escapeJson, escapeText } from '../../render/escape.js';
import type { Bookmark } from '../core/state.js';

/**
 * The bookmarks as a case note: Markdown, or JSON of the shape
 * `{ archive, tool, bookmarks: [{ time, page, subject, tab, at, label, note }] }`, by the path's extension.
 *
 * @throws UsageError when the extension is neither
 */
export function caseNote(
  path: string,
  bookmarks: readonly Bookmark[],
  archive: string,
  version: string,
): string {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return jsonNote(bookmarks, archive, version);
  if (extension === '.md') return markdownNote(bookmarks, archive, version);
  throw new UsageError('a case note is .md or .json', { remedy: 'end its name with one of the two' });
}

function jsonNote(bookmarks: readonly Bookmark[], archive: string, version: string): string {
  const note = {
    archive,
    tool: `coldcase ${version}`,
    bookmarks: bookmarks.map(({ time, place, label, note: text }) => ({
      time,
      page: place.page,
      subject: place.subject ?? null,
      tab: place.tab ?? null,
      at: place.at ?? null,
      label,
      note: text,
    })),
  };
  return `${escapeJson(JSON.stringify(note, undefined, 2))}\n`;
}

function markdownNote(bookmarks: readonly Bookmark[], archive: string, version: string): string {
  const lines = [`# Case note: ${quoted(archive)}`, '', `Read with coldcase ${version}.`, ''];
  for (const { time, place, label, note } of bookmarks) {
    const where = [place.page, place.subject, place.tab, place.at].filter((part) => part !== undefined);
    lines.push(`- ${time} ${quoted(label)}`, `  - where: ${quoted(where.join(' '))}`);
    if (note !== '') lines.push(`  - ${escapeText(note).replaceAll(/[<>[\]`*_#|]/g, '\\$&')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Untrusted text as code: the fence is longer than any run of backticks inside. */
function quoted(raw: string): string {
  const text = escapeText(raw);
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = longest > 0 ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}
