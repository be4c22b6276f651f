import type { Command } from 'commander';
import { ExitCode, UsageError } from '../base/errors.js';
import type { Check, Status } from '../node/checks/check.js';
import type { CommandModule } from './command.js';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.js';
import { addHostRootOption, type HostRootOptions, withNodeApi } from './host-options.js';
import { addOutputOptions, formatOf, type OutputOptions, printJson, printRows, terminal } from './output.js';
import { writeOut } from './write-out.js';

interface DoctorOptions extends ConnectionOptions, HostRootOptions, OutputOptions {
  readonly checkpointDir?: string;
  readonly stage?: string;
  readonly unstage?: true;
  readonly stageSize?: string;
  readonly yes?: true;
}

const HELP = `
Each check says pass, warn, fail or not known, what was found, why it matters, what to do.
Exit code 0 only when nothing fails; 1 when a check fails.

--json: {checks: [{id, group, status: pass|warn|fail|unknown, found, why, remedy}],
         tally: {pass, warn, fail, unknown}, hostRoot, container, time}

Examples:
  coldcase doctor
  coldcase doctor prod/payments/api --client-certificate kubelet.crt --client-key kubelet.key
  coldcase doctor --host-root /host --json
  coldcase doctor --stage tmpfs --stage-size 4G`;

export const doctorCommand: CommandModule = {
  configure(command: Command): void {
    command
      .argument('[namespace/pod/container]', 'the container that is to be checkpointed')
      .option(
        '--checkpoint-dir <dir>',
        "where archives land (default: checkpoints in the kubelet's root directory)",
      )
      .option(
        '--stage <kind>',
        'mount a tmpfs over the checkpoint directory, so that no plaintext touches a disk',
      )
      .option('--stage-size <size>', "the tmpfs's size, such as 4G (default: half of the free memory)")
      .option('--unstage', 'take the tmpfs away again, when it is empty')
      .option('-y, --yes', 'do not ask before mounting or unmounting');
    addHostRootOption(command);
    addConnectionOptions(command);
    addOutputOptions(command).addHelpText('after', HELP).action(runDoctor);
  },
};

async function runDoctor(name: string | undefined, options: DoctorOptions): Promise<void> {
  if (options.stage !== undefined || options.unstage === true) {
    const { runStage } = await import('./doctor-stage.js');
    return runStage(options);
  }
  if (options.yes === true || options.stageSize !== undefined) {
    throw new UsageError('--yes and --stage-size belong to --stage and --unstage');
  }
  const { HostRoot } = await import('../node/host/root.js');
  const { examine } = await import('../node/examine.js');
  const { diagnose, tally } = await import('../node/doctor.js');
  const { parseTarget } = await import('../kubelet/names.js');
  const target = name === undefined ? undefined : parseTarget(name);
  const host = await HostRoot.open(options.hostRoot);
  const examination = await withNodeApi(
    options,
    async (api, noApi) => {
      const facts = await examine(host, { api, noApi, target, checkpointDirectory: options.checkpointDir });
      return { time: facts.now, checks: await diagnose(facts) };
    },
    target,
  );
  const { checks } = examination;
  const counts = tally(checks);
  if (counts.fail > 0) process.exitCode = ExitCode.failed;
  const format = formatOf(options);
  if (format === 'json') {
    return printJson({
      time: examination.time.toISOString(),
      hostRoot: host.directory,
      container: name ?? null,
      tally: { ...counts },
      checks: checks.map((check) => ({ ...check })),
    });
  }
  if (format === 'table' && options.columns === undefined && options.filter === undefined) {
    const { renderDoctor } = await import('../node/render.js');
    const { width, color } = terminal();
    return writeOut(renderDoctor(checks, { width: width ?? 100, color, wide: options.wide === true }));
  }
  return printRows(
    {
      columns: [
        { key: 'status', header: 'STATUS', text: (row) => WORDS[row.status] },
        { key: 'group', header: 'GROUP' },
        { key: 'id', header: 'CHECK' },
        { key: 'found', header: 'FOUND', squeeze: 2 },
        { key: 'why', header: 'WHY', wide: true },
        { key: 'remedy', header: 'TO DO', squeeze: 1 },
      ],
      rows: checks.map((check): CheckRow => ({ ...check })),
    },
    options,
  );
}

type CheckRow = { readonly [K in keyof Check]: Check[K] };

const WORDS: Readonly<Record<Status, string>> = {
  pass: 'pass',
  warn: 'warn',
  fail: 'FAIL',
  unknown: 'not known',
};
