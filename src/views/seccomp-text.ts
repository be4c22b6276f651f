import { escapeText } from '../render/escape.js';
import { wrapText } from '../render/wrap.js';
import type { ChainReport, FilterReport, ProfileReport, SeccompReport } from './seccomp-report.js';

interface Layout {
  /** Of the terminal. */
  readonly width: number;
  /** Whether the instructions of the filters are wanted. */
  readonly listing: boolean;
}

/** The report for people, in pieces: a listing may be long. */
export function* renderSeccomp(report: SeccompReport, layout: Layout): Generator<string> {
  let before = '';
  for (const section of sections(report, layout)) {
    yield `${before}${section.join('\n')}\n`;
    before = '\n';
  }
}

function* sections(report: SeccompReport, { width, listing }: Layout): Generator<readonly string[]> {
  const unfiltered = report.threads.filter(({ mode }) => mode !== 'filter');
  if (unfiltered.length > 0) {
    const pids = [...new Set(unfiltered.map(({ pid, mode }) => `${pid} (${mode})`))].join(', ');
    yield paragraph('no filter  ', `PID ${pids}`, width);
  }
  for (const chain of report.chains) yield chainLines(chain, width);
  if (report.profile !== null) yield profileLines(report.profile, width);
  else yield ['spec.dump has no seccomp profile'];
  if (listing) for (const filter of report.filters) yield listingLines(filter);
}

function chainLines(chain: ChainReport, width: number): readonly string[] {
  const filters = `filter${chain.filters.length === 1 ? '' : 's'} ${chain.filters.join(', then ')}`;
  const lines = [...paragraph(`${filters}  `, `PID ${chain.pids.join(', ')}`, width)];
  if (chain.architectures.length === 0) lines.push('  asks for no architecture that is known here');
  for (const { arch, verdict, count, syscalls } of chain.actions) {
    lines.push(`  ${arch}  ${escapeText(verdict.join(' or '))}  ${count}`);
    lines.push(...paragraph('    ', syscalls.join(' '), width));
  }
  return lines;
}

function profileLines(profile: ProfileReport, width: number): readonly string[] {
  const errno = profile.defaultErrno === null ? '' : ` (errno ${profile.defaultErrno})`;
  const lines = [`profile of spec.dump  default ${escapeText(profile.defaultAction)}${errno}`];
  if (profile.architectures.length > 0) lines.push(`  ${escapeText(profile.architectures.join(' '))}`);
  for (const { action, count, syscalls } of profile.actions) {
    lines.push(`  ${escapeText(action)}  ${count}`);
    lines.push(...paragraph('    ', syscalls.join(' '), width));
  }
  const open = profile.notable.filter(({ action }) => /_(ALLOW|LOG)$/.test(action));
  lines.push('  of those that matter it allows:');
  for (const { syscall, gives, conditional } of open) {
    lines.push(`    ${syscall}${conditional ? ' (some arguments)' : ''}: ${gives}`);
  }
  if (open.length === 0) lines.push('    none');
  return lines;
}

function listingLines({ index, previous, flags, instructions }: FilterReport): readonly string[] {
  const before = previous === null ? '' : `, after filter ${previous}`;
  const extra = flags.length === 0 ? '' : `, ${flags.join(' ')}`;
  return [
    `filter ${index}: ${instructions.length} instructions${before}${extra}`,
    ...instructions.map(
      ({ at, text, comment }) =>
        `  ${String(at).padStart(4, '0')}  ${comment === '' ? text : `${text.padEnd(36)} ; ${comment}`}`,
    ),
  ];
}

function paragraph(head: string, text: string, width: number): readonly string[] {
  const [first = '', ...rest] = wrapText(escapeText(text), width - head.length, 24);
  return [head + first, ...rest.map((line) => ' '.repeat(head.length) + line)];
}
