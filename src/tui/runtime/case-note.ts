import { extname } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { escapeJson, escapeText } from '../../render/escape.js';
import type { Bookmark } from '../core/state.js';
import { outcomeOf, type Verification } from '../core/verification.js';

/** What a case note tells. */
export interface CaseNote {
  /** The archive as the title calls it; raw text. */
  readonly archive: string;
  /** Of coldcase. */
  readonly version: string;
  readonly bookmarks: readonly Bookmark[];
  readonly verification: Verification | undefined;
}

/**
 * A case note as Markdown, or as JSON of the shape `{ archive, tool, verification, bookmarks }`, by the path's
 * extension. `verification` is null where there is none, else `{ outcome, time, seconds, fileSha256, tarSha256,
 * checks, opening }`, the outcome being verified, failed, incomplete, hashed (only its SHA-256 could be computed)
 * or not verified, and each check `{ check, verdict, detail }` as `coldcase verify --json` has them; each of
 * `bookmarks` is `{ time, page, subject, tab, at, label, note }`.
 *
 * @throws UsageError when the extension is neither
 */
export function caseNote(path: string, note: CaseNote): string {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return jsonNote(note);
  if (extension === '.md') return markdownNote(note);
  throw new UsageError('a case note is .md or .json', { remedy: 'end its name with one of the two' });
}

function jsonNote({ archive, version, bookmarks, verification }: CaseNote): string {
  const note = {
    archive,
    tool: `coldcase ${version}`,
    verification: verification === undefined ? null : verificationFields(verification),
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

function verificationFields(verification: Verification): object {
  const { result, opening } = verification;
  return {
    outcome: outcomeOf(verification),
    time: result?.time ?? null,
    seconds: result === undefined ? null : Math.round(result.milliseconds) / 1000,
    fileSha256: result?.fileSha256 ?? null,
    tarSha256: result?.tarSha256 ?? null,
    checks: result?.checks ?? [],
    opening: opening ?? [],
  };
}

function markdownNote({ archive, version, bookmarks, verification }: CaseNote): string {
  const lines = [`# Case note: ${quoted(archive)}`, '', `Read with coldcase ${version}.`, ''];
  if (verification !== undefined) lines.push(...verificationLines(verification), '');
  if (bookmarks.length > 0) lines.push('## Bookmarks', '');
  for (const { time, place, label, note } of bookmarks) {
    const where = [place.page, place.subject, place.tab, place.at].filter((part) => part !== undefined);
    lines.push(`- ${time} ${quoted(label)}`, `  - where: ${quoted(where.join(' '))}`);
    if (note !== '') lines.push(`  - ${escapeText(note).replaceAll(/[<>[\]`*_#|]/g, '\\$&')}`);
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const OUTCOMES = {
  verified: 'Verified',
  failed: 'FAILED',
  incomplete: 'Nothing wrong found, but not everything could be checked',
  hashed: 'Only its SHA-256 was computed: there was nothing to compare it with',
  'not verified': 'The archive was not verified',
} as const;

function verificationLines(verification: Verification): string[] {
  const { result, opening = [] } = verification;
  const when = result === undefined ? '' : `, ${result.time}`;
  const hashes = [
    ['file', result?.fileSha256],
    ['tar', result?.tarSha256],
  ].flatMap(([of, sha256]) => (sha256 === undefined ? [] : [`- SHA-256 of the ${of}: \`${sha256}\``]));
  const checks = result?.checks ?? opening;
  return [
    '## Verification',
    '',
    `${OUTCOMES[outcomeOf(verification)]}${when}.`,
    '',
    ...hashes,
    ...checks.map(({ check, verdict, detail }) => `- ${verdict}: ${check}: ${quoted(detail)}`),
  ];
}

/** Untrusted text as code: the fence is longer than any run of backticks inside. */
function quoted(raw: string): string {
  const text = escapeText(raw);
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = longest > 0 ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}
