import { posix } from 'node:path';
import { parseDuration } from '../base/duration.js';
import { NotFoundError, UsageError } from '../base/errors.js';
import { formatSize } from '../base/units.js';
import { loadKubeletConfig, rootDirectory } from '../node/config/kubelet.js';
import { HostRoot } from '../node/host/root.js';
import type { ArchiveOptions } from './archive-options.js';
import { findCopies } from './checkpoints/copies.js';
import { type ArchiveRow, listArchives } from './checkpoints/list.js';
import type { HostRootOptions } from './host-options.js';
import { readKeys } from './identity-options.js';
import { interrupted } from './interrupt.js';
import { type OutputOptions, printRows } from './output.js';
import { createProgress } from './progress.js';
import type { RecipientOptions } from './recipient-options.js';

export interface CheckpointsOptions extends HostRootOptions, OutputOptions, RecipientOptions, ArchiveOptions {
  readonly checkpointDir?: string;
  readonly sealed?: readonly string[];
  readonly seal?: true;
  readonly output?: string;
  readonly prune?: true;
  readonly olderThan?: string;
  readonly keep?: string;
  readonly yes?: true;
  readonly quiet?: true;
}

/** `coldcase node checkpoints`. */
export async function runCheckpoints(options: CheckpointsOptions): Promise<void> {
  checkOptions(options);
  const host = await HostRoot.open(options.hostRoot);
  const directory =
    options.checkpointDir ?? posix.join(rootDirectory(await loadKubeletConfig(host)), 'checkpoints');
  const real = await host.real(directory);
  if (!real.ok) {
    throw new NotFoundError(`the checkpoint directory ${directory}: ${real.why}`, {
      remedy: 'run as root on the node, or name it by --checkpoint-dir',
    });
  }
  // the current directory may be anybody's: it counts only where it was named, or sealed into just now
  const output = options.output ?? (options.seal === true ? '.' : undefined);
  const sealedIn = [...(options.sealed ?? []), ...(output === undefined ? [] : [output]), real.value];
  const list = async (): Promise<readonly ArchiveRow[]> =>
    listArchives(host, directory, await findCopies(sealedIn));
  if (options.seal === true) {
    const { sealAll } = await import('./checkpoints/seal-all.js');
    await sealAll(real.value, await list(), options);
  }
  if (options.prune === true) {
    const { chooseToPrune, prune } = await import('./checkpoints/prune.js');
    const chosen = chooseToPrune(await list(), ruleOf(options), new Date());
    const keys = options.identity === undefined ? undefined : await readKeys('the sealed copies', options);
    const progress = createProgress(options);
    await prune(real.value, chosen, await findCopies(sealedIn), {
      yes: options.yes === true,
      keys,
      signal: interrupted,
      onProgress: progress.report.bind(progress),
      clear: () => progress.clear(),
    });
  }
  if (options.quiet === true) return;
  await printRows<ArchiveRow>(
    {
      columns: [
        { key: 'time', header: 'TIME' },
        { key: 'namespace', header: 'NAMESPACE', squeeze: 2 },
        { key: 'pod', header: 'POD', squeeze: 2 },
        { key: 'container', header: 'CONTAINER', squeeze: 2 },
        { key: 'size', header: 'SIZE', align: 'right', text: ({ size }) => formatSize(size) },
        { key: 'sealed', header: 'SEALED COPY', text: ({ sealed }) => sealed ?? 'none known', squeeze: 1 },
        { key: 'problem', header: 'PROBLEM', squeeze: 1 },
        { key: 'from', header: 'NAMES FROM', wide: true },
        { key: 'mode', header: 'MODE', wide: true },
        { key: 'file', header: 'FILE', wide: true },
      ],
      rows: await list(),
    },
    options,
  );
}

function checkOptions(options: CheckpointsOptions): void {
  if (options.prune === true && options.olderThan === undefined && options.keep === undefined) {
    throw new UsageError('--prune needs a rule', {
      remedy: '--prune --older-than 7d, --prune --keep 3, or both',
    });
  }
  if (
    options.prune !== true &&
    (options.olderThan ?? options.keep ?? options.yes ?? options.identity) !== undefined
  ) {
    throw new UsageError('--older-than, --keep, --yes and -i belong to --prune');
  }
  const recipients = options.recipient ?? options.recipientsFile ?? options.passphrase;
  if (options.seal === true && recipients === undefined) {
    throw new UsageError('--seal needs a recipient', { remedy: '-r age1..., -R FILE or -p' });
  }
  if (options.seal !== true && recipients !== undefined) {
    throw new UsageError('recipients are given, but not --seal', { remedy: 'add --seal' });
  }
}

function ruleOf({ olderThan, keep }: CheckpointsOptions): {
  olderThan: number | undefined;
  keep: number | undefined;
} {
  if (keep !== undefined && !/^\d{1,6}$/.test(keep)) {
    throw new UsageError(`--keep: ${JSON.stringify(keep)} is not a number`, { remedy: '--keep 3' });
  }
  const days = /^(\d{1,5})d$/.exec(olderThan ?? '')?.[1];
  return {
    olderThan:
      olderThan === undefined
        ? undefined
        : days === undefined
          ? parseDuration(olderThan, '--older-than')
          : Number(days) * 86_400_000,
    keep: keep === undefined ? undefined : Number(keep),
  };
}
