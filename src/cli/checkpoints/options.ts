import { parseDuration } from '../../base/duration.js';
import { UsageError } from '../../base/errors.js';
import type { ArchiveOptions } from '../archive-options.js';
import type { HostRootOptions } from '../host-options.js';
import type { OutputOptions } from '../output.js';
import type { RecipientOptions } from '../recipient-options.js';
import type { PruneRule } from './prune.js';

export interface CheckpointsOptions extends HostRootOptions, OutputOptions, RecipientOptions, ArchiveOptions {
  readonly checkpointDir?: string;
  readonly sealed?: readonly string[];
  readonly seal?: true;
  readonly output?: string;
  readonly prune?: true;
  readonly leftovers?: true;
  readonly olderThan?: string;
  readonly keep?: string;
  readonly yes?: true;
  readonly quiet?: true;
}

/** @throws UsageError for options that make no sense together */
export function checkOptions(options: CheckpointsOptions): void {
  const { prune, leftovers, olderThan, keep, yes, identity } = options;
  if (prune === true && leftovers !== true && olderThan === undefined && keep === undefined) {
    throw new UsageError('--prune needs a rule', {
      remedy: '--prune --older-than 7d, --prune --keep 3, or both; --prune --leftovers for pieces only',
    });
  }
  if (prune !== true && (leftovers ?? olderThan ?? keep ?? yes ?? identity) !== undefined) {
    throw new UsageError('--leftovers, --older-than, --keep, --yes and -i belong to --prune');
  }
  if (leftovers === true && (keep ?? identity) !== undefined) {
    throw new UsageError('--keep and -i are for archives, which --prune --leftovers leaves alone');
  }
  const recipients = options.recipient ?? options.recipientsFile ?? options.passphrase;
  if (options.seal === true && recipients === undefined) {
    throw new UsageError('--seal needs a recipient', { remedy: '-r age1..., -R FILE or -p' });
  }
  if (options.seal !== true && recipients !== undefined) {
    throw new UsageError('recipients are given, but not --seal', { remedy: 'add --seal' });
  }
}

/** What `--older-than` and `--keep` say. */
export function ruleOf({ olderThan, keep }: CheckpointsOptions): PruneRule {
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
