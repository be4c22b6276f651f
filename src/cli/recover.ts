import type { ArchiveEntry } from '../archive/archive.js';
import { type ColdcaseError, IntegrityError } from '../base/errors.js';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import { NotInArchiveError } from '../criu/address-space.js';
import { hashObject, recoverObjects } from '../recover/recover.js';
import type { Recovered } from '../recover/recovered.js';
import { escapeText } from '../render/escape.js';
import { type RecoveredRow, recoveredRow, recoverQuestion } from '../views/recover.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { Extraction } from './extraction.js';
import { interrupted } from './interrupt.js';
import { addOutputOptions, type OutputOptions, printRows } from './output.js';
import { questionHelp } from './question-help.js';

interface RecoverOptions extends ArchiveOptions, OutputOptions {
  readonly directory?: string;
  readonly force?: true;
}

export const recoverCommand: CommandModule = {
  configure: (command) => {
    addOutputOptions(addArchiveArgument(command))
      .option('-C, --directory <dir>', 'also write them to this directory; made if missing')
      .option('--force', 'replace files that exist')
      .addHelpText('after', questionHelp(recoverQuestion))
      .action(recover);
  },
};

async function recover(location: string, options: RecoverOptions): Promise<void> {
  const problems: ColdcaseError[] = [];
  let leftOut: ColdcaseError | undefined;
  await withArchive(location, options, async (archive) => {
    const { directory, force } = options;
    const extraction =
      directory === undefined
        ? undefined
        : new Extraction({ directory, strip: 0, ...(force === undefined ? {} : { force }) });
    const rows: RecoveredRow[] = [];
    const paths = new Set<string>();
    try {
      for await (const object of recoverObjects(new Checkpoint(archive), (problem) =>
        problems.push(problem),
      )) {
        try {
          const sha256 = await hashObject(object, interrupted);
          const path = extraction === undefined ? undefined : await extract(object, extraction, paths);
          rows.push(recoveredRow(object, sha256, path));
        } catch (error) {
          // damaged, or in a copy without memory pages: this object is named, all else is there
          if (!(error instanceof NotInArchiveError || error instanceof IntegrityError)) throw error;
          problems.push(error);
        }
      }
    } catch (error) {
      extraction?.tellProgress(error);
      throw error;
    } finally {
      await extraction?.close();
    }
    await printRows({ ...recoverQuestion, rows }, options);
    leftOut = extraction?.leftOut();
  });
  for (const { message } of problems)
    process.stderr.write(`coldcase: not recovered: ${escapeText(message)}\n`);
  if (problems.length > 0) {
    throw new IntegrityError(`${problems.length} parts of the archive could not be read`, {
      remedy: 'what else was found is listed; coldcase decode shows the images themselves',
      more: leftOut === undefined ? [] : [leftOut.message],
    });
  }
  if (leftOut !== undefined) throw leftOut;
}

/** Writes an object under a path that no other one has; undefined when it was left out. */
async function extract(
  object: Recovered,
  extraction: Extraction,
  taken: Set<string>,
): Promise<string | undefined> {
  let path = object.path;
  for (let i = 2; taken.has(path); i += 1) path = `${object.path}.${i}`;
  taken.add(path);
  const runs = object.runs;
  const entry: ArchiveEntry = {
    ...{ name: path, type: 'file', size: object.size, mode: 0o600, mtime: object.mtime ?? Date.now() / 1000 },
    ...{ uid: 0, gid: 0, uname: '', gname: '', offset: 0, dataOffset: 0, storedSize: object.size },
    ...(runs === undefined ? {} : { sparse: runs }),
  };
  return (await extraction.take(entry, object.name, () => object.open())) ? path : undefined;
}
