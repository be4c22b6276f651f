import { join } from 'node:path';
import { ColdcaseError, UnsafeError } from '../../base/errors.js';
import { formatSize } from '../../base/units.js';
import { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import { escapeText } from '../../render/escape.js';
import { confirm } from '../confirm.js';
import { type KnownCopy, proveCopy } from './copies.js';
import type { ArchiveRow } from './list.js';

export interface PruneRule {
  /** Milliseconds; archives younger than this stay. */
  readonly olderThan: number | undefined;
  /** How many of each container stay, the newest. */
  readonly keep: number | undefined;
}

/**
 * The archives that a rule removes: per container, oldest first. Where it is not known whose they are, those of one
 * name but for the time are taken for one container's, so that `--keep` keeps too many rather than too few.
 */
export function chooseToPrune(
  rows: readonly ArchiveRow[],
  rule: PruneRule,
  now: Date,
): readonly ArchiveRow[] {
  const groups = new Map<string, ArchiveRow[]>();
  for (const row of rows) {
    if (row.kind !== 'file') continue; // a link or a directory is no archive to remove
    const known = row.container !== null && row.namespace !== null;
    const key = JSON.stringify(
      known
        ? [row.namespace, row.pod, row.container]
        : [row.file.replace(/-\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)\.tar$/, '')],
    );
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => {
    const oldestFirst = group.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
    return oldestFirst
      .slice(0, Math.max(0, oldestFirst.length - (rule.keep ?? 0)))
      .filter(
        ({ time }) => rule.olderThan === undefined || now.getTime() - Date.parse(time) > rule.olderThan,
      );
  });
}

/**
 * Removes archives after proving their sealed copies, and after asking. Without a proven copy an archive goes only
 * when the question on the terminal, which says so, is answered with yes.
 *
 * @param directory - on this machine
 * @returns what was removed
 */
export async function prune(
  directory: string,
  chosen: readonly ArchiveRow[],
  copies: readonly KnownCopy[],
  yes: boolean,
): Promise<readonly ArchiveRow[]> {
  if (chosen.length === 0) return [];
  const proven = new Set<ArchiveRow>();
  const say = (line: string): boolean => process.stderr.write(`${escapeText(line)}\n`);
  for (const row of chosen) {
    const problem = await proof(directory, row, copies);
    if (problem === undefined) proven.add(row);
    say(`${row.file}  ${formatSize(row.size)}  ${problem ?? `sealed and proven: ${row.sealed}`}`);
  }
  const unproven = chosen.length - proven.size;
  if (!yes) {
    const lost =
      unproven === 0
        ? 'all have a proven sealed copy'
        : `${unproven} WITHOUT a proven sealed copy are lost for good`;
    await confirm(`Remove these ${chosen.length} archives (${lost})?`);
  }
  const removed: ArchiveRow[] = [];
  const opened = await CheckpointDirectory.open(directory);
  try {
    for (const row of chosen) {
      if (yes && !proven.has(row)) continue;
      const file = await opened.take(join(opened.path, row.file));
      try {
        await file.remove();
      } finally {
        await file.close();
      }
      removed.push(row);
    }
  } finally {
    await opened.close();
  }
  if (yes && unproven > 0) {
    throw new UnsafeError(`${unproven} archives have no proven sealed copy and were kept`, {
      remedy: 'seal them first (--seal -r RECIPIENT), or run without --yes and confirm',
    });
  }
  return removed;
}

async function proof(
  directory: string,
  row: ArchiveRow,
  copies: readonly KnownCopy[],
): Promise<string | undefined> {
  const copy = copies.find(({ path }) => path === row.sealed);
  if (copy === undefined) return 'no sealed copy is known';
  try {
    await proveCopy(join(directory, row.file), copy);
    return undefined;
  } catch (error) {
    if (error instanceof ColdcaseError || (error instanceof Error && 'code' in error)) return error.message;
    throw error;
  }
}
