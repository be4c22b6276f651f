import { join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../base/errors.js';
import { DEFAULT_ROOT_DIR } from '../kubelet/checkpoint-dir.js';
import { resolveEndpoint } from '../kubelet/endpoint.js';
import { parseTarget } from '../kubelet/names.js';
import { escapeJson, escapeText } from '../render/escape.js';
import type { CaptureJob } from './capture/job.js';
import { resolveOutput } from './capture/output-place.js';
import { exitCodeOf, receiptJson, receiptText } from './capture/receipt.js';
import type { CaptureReport } from './capture/report.js';
import { runCapture } from './capture/run.js';
import type { CommandModule } from './command.js';
import { addConnectionOptions, type ConnectionOptions, readTimes } from './connection-options.js';
import { addHostRootOption, type HostRootOptions } from './host-options.js';
import { interrupted } from './interrupt.js';
import { printJson } from './output.js';
import { createProgress } from './progress.js';
import { addRecipientOptions, type RecipientOptions, readSealFor } from './recipient-options.js';
import { reportError } from './report-error.js';
import { VERSION } from './version.js';
import { writeOut } from './write-out.js';

export interface CaptureOptions extends ConnectionOptions, RecipientOptions, HostRootOptions {
  readonly output: string;
  readonly manifest?: string;
  readonly timeout?: string;
  readonly requestTimeout?: string;
  readonly thaw?: true;
  readonly checkpointDir?: string;
  readonly keepOriginal?: true;
  /** False with --no-node-context. */
  readonly nodeContext?: boolean;
  readonly force?: true;
  readonly yes?: true;
  readonly thisNode?: true;
  readonly json?: true;
  readonly quiet?: true;
}

const HELP = `
Run it as root on the node that the pod runs on. Without connection flags it looks for the credentials that a
node or a control plane usually holds, and says which it took. Without CONTAINER it captures every container of
the pod that runs, init and ephemeral ones too, one sealed file each.

A checkpoint freezes the container until its memory is written and copied, and the changes of its root file system
are packed: seconds for every GiB. If a liveness or startup probe fails meanwhile, the kubelet kills and restarts it,
and the evidence is lost. So the pod's probes are compared with an estimate first: what is likely to be killed is
refused (exit 6, with the figures) unless --yes.

The kubelet is given --timeout or what it is configured with (runtimeRequestTimeout, 2m), whichever is longer. When
that ends while CRIU works, containerd leaves the container frozen, while the pod says Running. So the container's
freezer is looked at before, meanwhile and after; one that ran and was left frozen is told, with the commands that
thaw it, and the exit code is not 0. --thaw runs them. One that was frozen before is left so.

A checkpoint holds memory, processes and what changed in the root file system. Volumes, host paths, the pod's
/dev/shm and the image's own layers it does not: the receipt names them (not held), with their paths on the node.
Copy what matters before the pod is gone.

The sealed copy is read back and compared with the archive before the kubelet's archive is removed. Afterwards, also
when it failed, coldcase looks where engines leave plaintext (/tmp, the content store, the state of containers, the
checkpoint directory) and warns of what lies there.

The archive will lie on the pod's node, so that has to be this machine: another boot id is refused (exit 6) whatever
is said; where nothing tells, or the kubelet's directory here lacks the pod, --this-node says that it is.

Example:
  coldcase capture prod/payments/api -r age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p -o /evidence/

--json prints one object: endpoint, credentials, trust, startedAt, finishedAt (ISO 8601 UTC); captured, a list of
{namespace, pod, container, path, manifest, sealed {name, size, sha256}, tar {name, size, sha256, entries},
recipients, proved, original {path, size, removed}, durations {checkpoint, seal, prove} in milliseconds,
notHeld, a list of {kind: image|volume|host path|shared memory|engine file|tmpfs|file system|block device, path, name,
hostPaths}, null when it is not known, warnings}; workloads, a list of {namespace, pod, container, outcome, before
and after {id, restartCount, state: running, frozen, ended or "not known", why}, frozenMilliseconds (the longest that
it was seen to stand still), thaw (commands), attempts (what --thaw ran: {command, done, said})}, outcome being
running, "left frozen", frozen (an engine may still be at work), thawed, "paused before", ended, restarted or "not
known"; failures, a list of {namespace, pod, container, message, remedy, details, exitCode}; leftovers
{pieces, the plaintext that lies on the node now, a list of {path, what, engine, size, time, age in seconds, meanwhile,
kept: why --prune would keep it, or null}; notLookedAt, a list of {path, why}}. Sizes are bytes.
`;

export const captureCommand: CommandModule = {
  configure(command: Command): void {
    command
      .argument('<target>', 'NAMESPACE/POD or NAMESPACE/POD/CONTAINER')
      .option(
        '-o, --output <path>',
        'a directory (made if it ends in /), a file, or - for standard output',
        '.',
      )
      .option('--manifest <file>', 'where the manifest goes (default: beside the sealed file)')
      .option(
        '--timeout <time>',
        'what the runtime gets for the checkpoint: seconds, 90s, 2m (default: by memory and changed files, 5m or more)',
      )
      .option(
        '--request-timeout <time>',
        'how long to wait for the answer (default: a minute longer than the kubelet does)',
      )
      .option('--thaw', 'thaw the container if the capture left it frozen')
      .option('--checkpoint-dir <dir>', `where the archives land (default: ${DEFAULT_ROOT_DIR}/checkpoints)`)
      .option('--keep-original', "leave the kubelet's archive where it is")
      .option('--no-node-context', 'leave out of the record what coldcase node says of this node')
      .option('-f, --force', 'replace files under the names of the results')
      .option('-y, --yes', 'capture although the kubelet may kill the container')
      .option('--this-node', "this machine is the pod's node, although nothing tells")
      .option('--json', 'print the receipt as JSON')
      .option('-q, --quiet', 'print neither progress nor receipt');
    addHostRootOption(command);
    addRecipientOptions(addConnectionOptions(command));
    command
      .addHelpText('after', HELP)
      .action((target: string, options: CaptureOptions) => capture(target, options));
  },
};

async function capture(target: string, options: CaptureOptions): Promise<void> {
  const job = await prepareCapture(target, options);
  const report = await runCapture(job);
  await printReport(report, options);
  process.exitCode = exitCodeOf(report);
}

/** Loaded only when it is needed: the node layer is large. */
async function usualDirectory(hostRoot: string): Promise<string> {
  const { HostRoot } = await import('../node/host/root.js');
  const { runningRootDir } = await import('../node/config/discover.js');
  return join(hostRoot, await runningRootDir(await HostRoot.open(hostRoot)), 'checkpoints');
}

/**
 * Decides everything that can be decided before the kubelet is asked: a mistake must not cost a checkpoint that then
 * cannot be sealed.
 */
export async function prepareCapture(text: string, options: CaptureOptions): Promise<CaptureJob> {
  const note = (line: string): void => {
    if (!options.quiet) process.stderr.write(`coldcase: ${escapeText(line)}\n`);
  };
  const target = parseTarget(text);
  if (options.thaw === true && (options.hostRoot ?? '/') !== '/') {
    throw new UsageError('--thaw runs programs of the node, and none below --host-root is ever run', {
      remedy: 'leave it out: the commands that thaw are printed when they are needed',
    });
  }
  const times = readTimes(options.timeout, options.requestTimeout);
  const sealFor = await readSealFor(options, `the sealed archive of ${text}`);
  const force = options.force === true;
  const keepOriginal = options.keepOriginal === true;
  const warnings = { note, refuse: !keepOriginal };
  const output = await resolveOutput(options.output, options.manifest, force, warnings);
  const endpoint = await resolveEndpoint(options, { note, signal: interrupted });
  const hostRoot = options.hostRoot ?? '/';
  const checkpointDir = options.checkpointDir ?? (await usualDirectory(hostRoot));
  return {
    target,
    endpoint,
    checkpointDir,
    hostRoot,
    times,
    thaw: options.thaw === true,
    sealFor,
    output,
    keepOriginal,
    nodeContext: options.nodeContext !== false,
    force,
    yes: options.yes === true,
    thisNode: options.thisNode === true,
    note,
    toolVersion: VERSION,
    progress: createProgress(options),
    signal: interrupted,
  };
}

/** The receipt goes to standard output, unless the sealed file went there; failures go where errors go. */
async function printReport(report: CaptureReport, options: CaptureOptions): Promise<void> {
  const streamed = options.output === '-';
  if (options.json === true && !streamed) await printJson(receiptJson(report));
  else if (!options.quiet) {
    const text =
      options.json === true ? `${escapeJson(JSON.stringify(receiptJson(report)))}\n` : receiptText(report);
    // without a receipt there is no result: what is left goes where the failures go
    if (streamed || report.captured.length === 0) process.stderr.write(text);
    else await writeOut(text);
  }
  for (const { target, error } of report.failures) {
    if (report.failures.length + report.captured.length > 1) {
      process.stderr.write(`${escapeText(`${target.namespace}/${target.pod}/${target.container}`)}: `);
    }
    reportError(error, process.argv.includes('--debug'));
  }
}
