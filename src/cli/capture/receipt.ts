import { ExitCode } from '../../base/errors.js';
import { formatDuration, formatSize, formatTime } from '../../base/units.js';
import { escapeText } from '../../render/escape.js';
import type { JsonValue } from '../../render/table.js';
import type { CapturedArchive, CaptureReport } from './report.js';

/** What is printed at the end: files, sizes, hashes, durations, and what was removed. */
export function receiptText(report: CaptureReport): string {
  const lines: string[] = [];
  for (const one of report.captured) lines.push(...archiveLines(one), '');
  if (report.captured.length > 0)
    lines.push(...row('asked', `${report.endpoint} with ${report.credentials}`));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function archiveLines({
  target,
  path,
  manifestPath,
  manifest,
  original,
  warnings,
}: CapturedArchive): string[] {
  const { sealed, tar, recipients, proved, durations, capture } = manifest;
  const checkpoint = checkpointTime(capture);
  const took = [
    ...(checkpoint === undefined ? [] : [`checkpoint ${formatDuration(checkpoint)}`]),
    ...Object.entries(durations).map(([phase, ms]) => `${phase} ${formatDuration(ms)}`),
  ];
  return [
    ...row('captured', `${target.namespace}/${target.pod}/${target.container}`),
    ...row('sealed', path ?? 'to standard output'),
    ...row('size', formatSize(sealed.size)),
    ...row('sha256', sealed.sha256),
    ...recipientsOf(recipients).flatMap((recipient) => row('for', recipient)),
    ...row('tar', `${formatSize(tar.size)}, ${tar.entries} entries`),
    ...row('sha256', tar.sha256),
    ...(manifestPath === undefined ? [] : row('manifest', manifestPath)),
    ...row('proved', proved ? 'read back whole, and it is the tar' : 'no: a stream cannot be read back'),
    ...row(original.removed ? 'removed' : 'kept', original.path),
    ...row('took', took.join(', ')),
    ...warnings.flatMap((warning) => row('warning', warning)),
  ];
}

function row(label: string, text: string): string[] {
  return [`${label.padEnd(9)}${escapeText(text)}`];
}

function recipientsOf(recipients: readonly string[] | 'passphrase'): readonly string[] {
  if (recipients === 'passphrase') return ['whoever knows the passphrase'];
  return recipients.map((one) => (one.length > 70 ? `${one.slice(0, 40)}...${one.slice(-8)}` : one));
}

function checkpointTime(capture: CapturedArchive['manifest']['capture']): number | undefined {
  const durations = capture?.['durations'];
  if (typeof durations !== 'object' || durations === null || !('checkpoint' in durations)) return undefined;
  return typeof durations.checkpoint === 'number' ? durations.checkpoint : undefined;
}

/** The same as one object; its fields are documented in the help of `capture`. */
export function receiptJson(report: CaptureReport): JsonValue {
  return {
    endpoint: report.endpoint,
    credentials: report.credentials,
    trust: report.trust,
    startedAt: formatTime(report.startedAt),
    finishedAt: formatTime(report.finishedAt),
    captured: report.captured.map(({ target, path, manifestPath, manifest, original, warnings }) => ({
      namespace: target.namespace,
      pod: target.pod,
      container: target.container ?? null,
      path: path ?? null,
      manifest: manifestPath ?? null,
      sealed: { ...manifest.sealed },
      tar: { ...manifest.tar },
      recipients: manifest.recipients === 'passphrase' ? 'passphrase' : [...manifest.recipients],
      proved: manifest.proved,
      original: { ...original },
      durations: { ...manifest.durations, checkpoint: checkpointTime(manifest.capture) ?? null },
      warnings: [...warnings],
    })),
    failures: report.failures.map(({ target, error }) => ({
      namespace: target.namespace,
      pod: target.pod,
      container: target.container ?? null,
      message: error.message,
      remedy: error.remedy ?? null,
      details: [...error.more],
      exitCode: error.exitCode,
    })),
  };
}

/** The failures' exit code if they agree on one, 1 if they do not, 0 without any. */
export function exitCodeOf(report: CaptureReport): ExitCode {
  const codes = new Set(report.failures.map(({ error }) => error.exitCode));
  if (codes.has(ExitCode.interrupted)) return ExitCode.interrupted;
  const [code = ExitCode.done, ...others] = codes;
  return others.length === 0 ? code : ExitCode.failed;
}
