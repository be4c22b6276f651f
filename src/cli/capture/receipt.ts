import { ExitCode } from '../../base/errors.js';
import type { JsonValue } from '../../base/json.js';
import { formatDuration, formatTime } from '../../base/units.js';
import { type Field, formatFields, sealReceipt } from '../receipt.js';
import { leftBehindJson, leftBehindLines } from './leftovers.js';
import { notHeldFields } from './not-held.js';
import type { CapturedArchive, CaptureReport } from './report.js';
import { workloadJson } from './workload/report.js';
import { describeWorkload, nameOf } from './workload/words.js';

/** What is printed at the end: files, sizes, hashes, durations, and what was removed. */
export function receiptText(report: CaptureReport): string {
  const warnings = leftBehindLines(report.leftovers).map((line): Field => ['warning', line]);
  const blocks = report.captured.map((one) => formatFields(archiveFields(one, report)));
  return [...blocks, ...(warnings.length === 0 ? [] : [formatFields(warnings)])].join('\n');
}

function archiveFields(one: CapturedArchive, { endpoint, credentials, workloads }: CaptureReport): Field[] {
  const { target, path = 'standard output', manifestPath, manifest, original, warnings } = one;
  const checkpoint = checkpointTime(manifest.capture);
  const workload = workloads.find((each) => nameOf(each.target) === nameOf(target));
  return [
    ['captured', nameOf(target)],
    ['asked', endpoint],
    ['as', credentials],
    ...(checkpoint === undefined ? [] : [['answered', `after ${formatDuration(checkpoint)}`] as const]),
    ...sealReceipt({ path, manifestPath: manifestPath ?? 'none', manifest }),
    ...(workload === undefined ? [] : [['workload', describeWorkload(workload)] as const]),
    [original.removed ? 'removed' : 'kept', original.path],
    ...notHeldFields(one.left),
    ...warnings.map((warning) => ['warning', warning] as const),
  ];
}

function checkpointTime(capture: CapturedArchive['manifest']['capture']): number | undefined {
  const durations: unknown = capture?.['durations'];
  if (typeof durations !== 'object' || durations === null || !('checkpoint' in durations)) return undefined;
  const { checkpoint } = durations;
  return typeof checkpoint === 'number' ? checkpoint : undefined;
}

/** The same as one object; its fields are documented in the help of `capture`. */
export function receiptJson(report: CaptureReport): JsonValue {
  return {
    endpoint: report.endpoint,
    credentials: report.credentials,
    trust: report.trust,
    startedAt: formatTime(report.startedAt),
    finishedAt: formatTime(report.finishedAt),
    captured: report.captured.map(({ target, path, manifestPath, manifest, original, left, warnings }) => ({
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
      notHeld: left.items?.map((item) => ({ ...item })) ?? null,
      warnings: [...warnings],
    })),
    workloads: report.workloads.map((workload) => ({ ...workload.target, ...workloadJson(workload) })),
    failures: report.failures.map(({ target, error }) => ({
      namespace: target.namespace,
      pod: target.pod,
      container: target.container ?? null,
      message: error.message,
      remedy: error.remedy ?? null,
      details: [...error.more],
      exitCode: error.exitCode,
    })),
    leftovers: leftBehindJson(report.leftovers, report.finishedAt),
  };
}

/** The gravest first, where several meet. */
const BY_WEIGHT = [
  ExitCode.interrupted,
  ExitCode.integrity,
  ExitCode.unsafe,
  ExitCode.denied,
  ExitCode.notFound,
  ExitCode.usage,
  ExitCode.failed,
] as const;

/** The failures' exit code, the gravest if there are several; 0 without any. */
export function exitCodeOf(report: CaptureReport): ExitCode {
  const codes = new Set<ExitCode>(report.failures.map(({ error }) => error.exitCode));
  return BY_WEIGHT.find((code) => codes.has(code)) ?? ExitCode.done;
}
