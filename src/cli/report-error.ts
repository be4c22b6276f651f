import { CommanderError } from 'commander';
import { ColdcaseError, ExitCode } from '../base/errors.js';
import { escapeText } from '../render/escape.js';

/**
 * Prints an error on stderr as its users want it: a line saying what happened, a line saying what to do about
 * it, and with `debug` the stack and the causes. Returns the exit code.
 */
export function reportError(error: unknown, debug: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // commander has printed its own message; help and version are no errors
    return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  }
  const known = error instanceof ColdcaseError;
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`coldcase: ${known ? '' : 'unexpected error: '}${escapeText(message)}`];
  if (known && error.remedy !== undefined) lines.push(`  ${escapeText(error.remedy)}`);
  if (known) lines.push(...error.more.map((line) => `  ${escapeText(line)}`));
  if (!known) lines.push('  this is a defect of coldcase; run again with --debug and report what it prints');
  if (debug) lines.push(...causes(error));
  process.stderr.write(`${lines.join('\n')}\n`);
  return known ? error.exitCode : ExitCode.failed;
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    lines.push(...(at.stack ?? at.message).split('\n').map((line) => `  ${escapeText(line)}`));
  }
  return lines;
}
