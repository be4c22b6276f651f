import { escapeText } from '../render/escape.js';
import { textWidth } from '../render/width.js';
import { wrapText } from '../render/wrap.js';
import type { Check, Status } from './checks/check.js';
import { tally } from './doctor.js';

export interface ReportScreen {
  readonly width: number;
  readonly color: boolean;
  /** Also say why each check that passed matters. */
  readonly wide: boolean;
}

const MARKS: Readonly<Record<Status, readonly [mark: string, word: string, color: string]>> = {
  pass: ['✓', 'pass', '\u001b[32m'],
  warn: ['!', 'warn', '\u001b[33m'],
  fail: ['✗', 'FAIL', '\u001b[31m'],
  unknown: ['?', 'not known', '\u001b[36m'],
};
const RESET = '\u001b[0m';
const BOLD = '\u001b[1m';
/** How far the lines below `why:` and `do:` stand in. */
const INDENT = 21;

/** The doctor's report for people: by group, a mark and a word for each check, then why and what to do. */
export function renderDoctor(checks: readonly Check[], screen: ReportScreen): string {
  const lines: string[] = [];
  let group = '';
  for (const check of checks) {
    if (check.group !== group) {
      if (group !== '') lines.push('');
      group = check.group;
      lines.push(screen.color ? `${BOLD}${group}${RESET}` : group);
    }
    lines.push(...renderCheck(check, screen));
  }
  const counts = tally(checks);
  const sum = `${counts.pass} pass, ${counts.warn} warn, ${counts.fail} fail, ${counts.unknown} not known`;
  const verdict = counts.fail > 0 ? 'not ready: see what fails' : 'nothing fails';
  return `${[...lines, '', `${sum}: ${verdict}`].join('\n')}\n`;
}

function renderCheck(check: Check, { width, color, wide }: ReportScreen): readonly string[] {
  const [mark, word, paint] = MARKS[check.status];
  const label = `${mark} ${word}`;
  const name = check.id.slice(check.id.indexOf('.') + 1);
  const text = wrapText(`${name}: ${escapeText(check.found)}`, width - 15, 12);
  const [first = '', ...rest] = text;
  const head = `  ${color ? `${paint}${label}${RESET}` : label}${' '.repeat(Math.max(1, 12 - textWidth(label)))}${first}`;
  const pad = ' '.repeat(14);
  const lines = [head, ...rest.map((line) => pad + line)];
  const tell = check.status === 'pass' ? (wide ? [`why: ${check.why}`] : []) : [`why: ${check.why}`];
  if (check.remedy !== null) tell.push(`do:  ${check.remedy}`);
  for (const sentence of tell) {
    const [begin = '', ...more] = wrapText(escapeText(sentence), width - INDENT, 12);
    lines.push(`${pad}  ${begin}`, ...more.map((line) => ' '.repeat(INDENT) + line));
  }
  return lines;
}
