import { join } from 'node:path';
import { ColdcaseError, InterruptedError, UnsafeError } from '../../base/errors.js';
import { errorCode } from '../../base/file-errors.js';
import { formatSize } from '../../base/units.js';
import { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import { HostRoot } from '../../node/host/root.js';
import { readActivity } from '../../node/leftovers/activity.js';
import { escapeText } from '../../render/escape.js';
import { confirm } from '../confirm.js';
import { copiesOf, type KnownCopy } from './copies.js';
import type { ArchiveRow } from './list.js';
import { type ArchiveHashes, hashArchive, type Proof, type ProofOptions, proveCopy } from './proof.js';

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

export interface PruneOptions extends ProofOptions {
  /** Do not ask; then only what is proven goes. */
  readonly yes: boolean;
  readonly clear: () => void;
}

/** An archive that may be removed, held open from before it was hashed until it is gone or kept. */
interface Candidate {
  readonly row: ArchiveRow;
  readonly file: CheckpointFile;
  readonly proof: Proof | undefined;
}

/**
 * Removes archives after proving their sealed copies, and after asking. Without a proven copy an archive goes only
 * when the question on the terminal, which says so, is answered with yes.
 *
 * @param directory - on this machine
 * @returns what was removed
 * @throws UnsafeError when something was kept that was to go; what was removed has been told by then
 */
export async function prune(
  directory: string,
  chosen: readonly ArchiveRow[],
  copies: readonly KnownCopy[],
  options: PruneOptions,
): Promise<readonly ArchiveRow[]> {
  if (chosen.length === 0) return [];
  const opened = await CheckpointDirectory.open(directory);
  const candidates: Candidate[] = [];
  try {
    for (const row of chosen) {
      const candidate = await examine(opened, row, copies, options);
      if (candidate !== undefined) candidates.push(candidate);
    }
    const unproven = candidates.filter(({ proof }) => proof === undefined).length;
    if (!options.yes && candidates.length > 0) {
      const lost =
        unproven === 0
          ? 'all have a proven sealed copy'
          : `${unproven} WITHOUT a proven sealed copy are lost for good`;
      await confirm(`Remove these ${candidates.length} archives (${lost})?`);
    }
    const removed: ArchiveRow[] = [];
    let spoilt = 0;
    for (const { row, file, proof } of candidates) {
      if (proof === undefined && options.yes) continue;
      // what is wrong with one by now is no reason to end without a word of those that are gone
      const problem = await removeOne(file, proof);
      if (problem === undefined) removed.push(row);
      else spoilt += 1;
      say(problem === undefined ? `removed ${row.file}` : `kept ${row.file}: ${problem}`);
      if (problem === undefined && file.otherNames > 0) {
        say(`warning: ${row.file} had other names (hard links): its bytes stay`);
      }
    }
    const kept = chosen.length - removed.length - spoilt;
    if (kept > 0 || spoilt > 0) {
      const both = [
        ...(kept > 0 ? [`${kept} archives have no proven sealed copy and were kept`] : []),
        ...(spoilt > 0
          ? [`${spoilt} were kept, for they or their copies changed or could not be removed`]
          : []),
      ];
      throw new UnsafeError(both.join('; '), {
        remedy:
          kept > 0
            ? 'seal them (--seal -r RECIPIENT), prove with the identity (-i), or run without --yes and confirm'
            : 'find out who changed what, and run it again',
      });
    }
    return removed;
  } finally {
    for (const { file } of candidates) await file.close();
    await opened.close();
  }
}

/** @returns why it was kept; undefined when it is gone */
async function removeOne(file: CheckpointFile, proof: Proof | undefined): Promise<string | undefined> {
  try {
    await proof?.checkStillThere();
    await file.checkUnchanged();
    await file.remove();
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

/** Opens an archive, looks for a proof, and says what came of it. Undefined when it cannot be taken at all. */
async function examine(
  directory: CheckpointDirectory,
  row: ArchiveRow,
  copies: readonly KnownCopy[],
  options: PruneOptions,
): Promise<Candidate | undefined> {
  const tell = (outcome: string): void => {
    options.clear();
    say(`${row.file}  ${formatSize(row.size)}  ${outcome}`);
  };
  let file: CheckpointFile;
  try {
    file = await directory.take(join(directory.path, row.file));
  } catch (error) {
    tell(problemOf(error));
    return undefined;
  }
  try {
    const { proof, problem } = await findProof(file, copiesOf(copies, row.file, file.size), options);
    const holder = proof === undefined ? await holderOf(join(directory.path, row.file)) : undefined;
    if (holder !== undefined) {
      tell(`${problem}; kept: ${holder} has it open`);
      await file.close();
      return undefined;
    }
    if (proof === undefined) tell([problem, ...(row.problem === null ? [] : [row.problem])].join('; '));
    else {
      const by = proof.by === 'identity' ? 'opening it' : 'its receipt';
      tell([`sealed and proven by ${by}: ${proof.path}`, ...proof.doubts].join('; '));
    }
    return { row, file, proof };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Who has an archive open: an engine may still be writing it. */
async function holderOf(path: string): Promise<string | undefined> {
  const { holders } = await readActivity(await HostRoot.open('/'), [{ path }]);
  return holders.get(path);
}

/** The first copy that holds; if none does, why the first did not. */
async function findProof(
  file: CheckpointFile,
  copies: readonly KnownCopy[],
  options: PruneOptions,
): Promise<{ readonly proof: Proof | undefined; readonly problem: string }> {
  let problem: string | undefined;
  let hashes: ArchiveHashes | undefined;
  for (const copy of copies) {
    try {
      hashes ??= await hashArchive(file, options);
      return { proof: await proveCopy(hashes, copy, options), problem: '' };
    } catch (error) {
      problem ??= problemOf(error);
    }
  }
  return { proof: undefined, problem: problem ?? 'no sealed copy is known' };
}

/** What is wrong with one archive or copy, which is no reason to leave the others; being stopped is. */
function problemOf(error: unknown): string {
  if (error instanceof InterruptedError) throw error;
  if (error instanceof ColdcaseError) return error.message;
  if (errorCode(error) !== undefined) return String(error);
  throw error;
}

function say(line: string): void {
  process.stderr.write(`${escapeText(line)}\n`);
}
