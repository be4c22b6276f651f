import { CommanderError } from 'commander';
import { ColdcaseError, ExitCode, UsageError } from '../base/errors.js';
import { withShownUrls } from '../base/shown-url.js';
import { escapeJson, escapeText } from '../render/escape.js';
import { ReaderGoneError } from './write-out.js';

/**
 * Prints an error on stderr as its users want it: a line saying what happened, a line saying what to do about
 * it, and with `debug` the stack and the causes. Returns the exit code.
 *
 * @param command - whose command line it is, where that is known: its help is what a mistake in it calls for
 */
export function reportError(error: unknown, debug: boolean, command?: string): ExitCode {
  if (error instanceof CommanderError) {
    // help and version are no errors, and are printed; nor is `coldcase` alone, though it ends with 2
    if (error.exitCode === 0) return ExitCode.done;
    if (error.code === 'commander.help') return ExitCode.usage;
    return reportError(usageError(error, command), debug);
  }
  if (error instanceof ReaderGoneError) return error.exitCode;
  process.stderr.write(`${errorLines(error, debug).join('\n')}\n`);
  return error instanceof ColdcaseError ? error.exitCode : ExitCode.failed;
}

/** Commander's message in the words and the form of all others: `error: unknown option '--x'\n(Did you mean --y?)`. */
function usageError(error: CommanderError, command: string | undefined): UsageError {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/ is invalid\. (.*?)\.?$/, ' is invalid: $1')
    .split('\n')
    .join(' ');
  const help = command === undefined ? 'coldcase --help' : `coldcase ${command} --help`;
  return new UsageError(message, { remedy: `${help} shows how it is used`, cause: error });
}

const DEFECT =
  'this is a defect of coldcase: report it as an issue of its repository, with what --debug prints';

/** The lines of an error, safe for a terminal. */
export function errorLines(error: unknown, debug: boolean): string[] {
  const known = error instanceof ColdcaseError;
  const message = withShownUrls(error instanceof Error ? error.message : String(error));
  const lines = [`coldcase: ${known ? '' : 'unexpected error: '}${escapeText(message)}`];
  if (known && error.remedy !== undefined) lines.push(`  ${escapeText(error.remedy)}`);
  if (known) lines.push(...error.more.map(copyable));
  if (!known) lines.push(`  ${DEFECT}`);
  if (debug) lines.push(...causes(error));
  return lines;
}

/** A line to be copied (YAML, a flag, a path): neither indented nor its backslashes doubled, and still safe. */
function copyable(line: string): string {
  return escapeJson(line.replaceAll('\n', '\\n'));
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const text = withShownUrls(at.stack ?? at.message, pathsOf(at));
    lines.push(...text.split('\n').map((line) => `  ${escapeText(line)}`));
  }
  return lines;
}

/** What a system call was given, which its error quotes. */
function pathsOf(error: Error): string[] {
  const path = 'path' in error ? error.path : undefined;
  const dest = 'dest' in error ? error.dest : undefined;
  return [path, dest].filter((each) => typeof each === 'string');
}
