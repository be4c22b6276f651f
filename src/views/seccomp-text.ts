import { escapeText } from '../render/escape.js';
import { wrapText } from '../render/wrap.js';
import type { ChainReport, FilterReport, ProfileReport, SeccompReport } from './seccomp-report.js';

/** The report for people; `width` is that of the terminal. */
export function renderSeccomp(
  report: SeccompReport,
  options: { readonly width: number; readonly listing: boolean },
): string {
  const lines: string[] = [];
  const unfiltered = report.threads.filter(({ mode }) => mode !== 'filter');
  if (unfiltered.length > 0) {
    const pids = [...new Set(unfiltered.map(({ pid, mode }) => `${pid} (${mode})`))].join(', ');
    lines.push(...paragraph('no filter  ', `PID ${pids}`, options.width), '');
  }
  for (const chain of report.chains) lines.push(...chainLines(chain, options.width), '');
  if (report.profile !== null) lines.push(...profileLines(report.profile, options.width), '');
  else lines.push('spec.dump has no seccomp profile', '');
  if (options.listing) for (const filter of report.filters) lines.push(...listing(filter), '');
  return `${lines.join('\n').trimEnd()}\n`;
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

function listing({ index, previous, flags, instructions }: FilterReport): readonly string[] {
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
