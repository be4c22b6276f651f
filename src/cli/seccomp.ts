import type { Command } from 'commander';
import { renderJsonValue } from '../render/json.js';
import type { ChainReport, SeccompReport } from '../views/seccomp-report.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, formatOf, type OutputOptions, printRows, terminal } from './output.js';
import { writeOut } from './write-out.js';

interface SeccompOptions extends ArchiveOptions, OutputOptions {
  readonly listing?: true;
}

const HELP = `
Shows which filters were in force: per chain of filters the processes under it, the syscalls by what happens to
them (several verdicts: the call's arguments decide), and the profile of spec.dump that the filters were made from.

--json: {threads: [{pid, tid, name, mode, filter}],
         chains: [{filters: [index], pids, architectures, actions: [{arch, verdict: [...], count, syscalls}]}],
         filters: [{index, previous, flags, instructions: [{at, text, comment}]}],
         profile: {defaultAction, defaultErrno, architectures, actions: [{action, count, syscalls}], notable} | null}
--format csv|ndjson: a row for each syscall: chain, arch, syscall, verdict

Examples:
  coldcase seccomp evidence.tar.zst.age -i key.txt
  coldcase seccomp checkpoint.tar --listing`;

export const seccompCommand: CommandModule = {
  configure(command: Command): void {
    addArchiveArgument(command).option('--listing', "also print the filters' instructions");
    addOutputOptions(command).addHelpText('after', HELP).action(runSeccomp);
  },
};

async function runSeccomp(location: string, options: SeccompOptions): Promise<void> {
  const { readSeccomp } = await import('../checkpoint/seccomp.js');
  const { Checkpoint } = await import('../checkpoint/checkpoint.js');
  const { reportSeccomp } = await import('../views/seccomp-report.js');
  const report = await withArchive(location, options, async (archive) =>
    reportSeccomp(await readSeccomp(new Checkpoint(archive))),
  );
  const format = formatOf(options);
  if (format === 'json') {
    for (const piece of renderJsonValue(report)) await writeOut(piece);
    return;
  }
  if (format === 'table' && options.columns === undefined && options.filter === undefined) {
    const { renderSeccomp } = await import('../views/seccomp-text.js');
    const layout = { width: terminal().width ?? 100, listing: options.listing === true };
    for (const piece of renderSeccomp(report, layout)) await writeOut(piece);
    return;
  }
  return printRows(
    {
      columns: [
        { key: 'chain', header: 'CHAIN', align: 'right' },
        { key: 'arch', header: 'ARCH' },
        { key: 'syscall', header: 'SYSCALL' },
        { key: 'verdict', header: 'VERDICT' },
      ],
      rows: report.chains.flatMap(syscallRows),
    },
    options,
  );
}

type SyscallRow = {
  readonly chain: number;
  readonly arch: string;
  readonly syscall: string;
  readonly verdict: string;
};

function syscallRows(
  chain: SeccompReport['chains'][number] & ChainReport,
  index: number,
): readonly SyscallRow[] {
  return chain.actions.flatMap(({ arch, verdict, syscalls }) =>
    syscalls.map((syscall) => ({ chain: index, arch, syscall, verdict: verdict.join(' or ') })),
  );
}
