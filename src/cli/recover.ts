import type { ArchiveEntry } from '../archive/archive.js';
import { type ColdcaseError, IntegrityError } from '../base/errors.js';
import { formatSize, formatTime } from '../base/units.js';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import { hashObject, recoverObjects } from '../recover/recover.js';
import type { Recovered } from '../recover/recovered.js';
import { escapeText } from '../render/escape.js';
import type { Column, Row } from '../render/table.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { copyContent } from './extract-entry.js';
import { Extraction } from './extraction.js';
import { interrupted } from './interrupt.js';
import { addOutputOptions, type OutputOptions, printRows } from './output.js';

interface RecoverOptions extends ArchiveOptions, OutputOptions {
  readonly directory?: string;
  readonly force?: true;
}

/** What `recover` prints of an object; documented in its help. */
interface RecoverRow extends Row {
  readonly kind: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly mode: string | null;
  readonly modified: string | null;
  readonly holders: readonly { readonly pid: number; readonly comm: string; readonly by: string }[];
  readonly image: string;
  /** Where it was extracted to, below -C; null when nothing was. */
  readonly path: string | null;
}

const COLUMNS: readonly Column<RecoverRow>[] = [
  { key: 'kind', header: 'KIND' },
  { key: 'name', header: 'NAME', squeeze: 1 },
  { key: 'size', header: 'SIZE', align: 'right', text: ({ size }) => formatSize(size) },
  { key: 'uid', header: 'OWNER', text: ({ uid, gid }) => (uid === null ? '' : `${uid}:${gid}`) },
  { key: 'holders', header: 'HELD BY', squeeze: 3, text: holdersText },
  { key: 'sha256', header: 'SHA-256', squeeze: 2 },
  { key: 'path', header: 'EXTRACTED TO', wide: true },
  { key: 'gid', header: 'GID', wide: true },
  { key: 'mode', header: 'MODE', wide: true },
  { key: 'modified', header: 'MODIFIED', wide: true },
  { key: 'image', header: 'IMAGE', wide: true },
];

export const recoverCommand: CommandModule = {
  configure: (command) => {
    addOutputOptions(addArchiveArgument(command))
      .option('-C, --directory <dir>', 'also write them to this directory; made if missing')
      .option('--force', 'replace files that exist')
      .addHelpText('after', HELP)
      .action(recover);
  },
};

async function recover(location: string, options: RecoverOptions): Promise<void> {
  const problems: ColdcaseError[] = [];
  await withArchive(location, options, async (archive) => {
    const { directory, force } = options;
    const extraction =
      directory === undefined
        ? undefined
        : new Extraction({ directory, strip: 0, ...(force === undefined ? {} : { force }) });
    const rows: RecoverRow[] = [];
    const paths = new Set<string>();
    try {
      for await (const object of recoverObjects(new Checkpoint(archive), (problem) =>
        problems.push(problem),
      )) {
        const path = extraction === undefined ? undefined : await extract(object, extraction, paths);
        rows.push(recoverRow(object, await hashObject(object, interrupted), path));
      }
    } finally {
      await extraction?.close();
    }
    await printRows({ columns: COLUMNS, rows }, options);
    if (rows.length > 0) extraction?.requireComplete();
  });
  for (const { message } of problems)
    process.stderr.write(`coldcase: not recovered: ${escapeText(message)}\n`);
  if (problems.length > 0) {
    throw new IntegrityError(`${problems.length} parts of the archive could not be read`, {
      remedy: 'what else was found is listed; coldcase decode shows the images themselves',
    });
  }
}

/** Writes an object under a path that no other one has. */
async function extract(object: Recovered, extraction: Extraction, taken: Set<string>): Promise<string> {
  let path = object.path;
  for (let i = 2; taken.has(path); i += 1) path = `${object.path}.${i}`;
  taken.add(path);
  const runs = object.runs;
  const entry: ArchiveEntry = {
    ...{ name: path, type: 'file', size: object.size, mode: 0o600, mtime: object.mtime ?? Date.now() / 1000 },
    ...{ uid: 0, gid: 0, uname: '', gname: '', offset: 0, dataOffset: 0, storedSize: object.size },
    ...(runs === undefined ? {} : { sparse: runs }),
  };
  await extraction.take(entry, object.name, (writer) => copyContent(entry, object.open(), writer));
  return path;
}

function recoverRow(object: Recovered, sha256: string | undefined, path: string | undefined): RecoverRow {
  const { kind, name, size, owner, mode, mtime, holders, image } = object;
  return {
    ...{ kind, name, size, sha256: sha256 ?? null, uid: owner?.uid ?? null, gid: owner?.gid ?? null },
    mode: mode === undefined ? null : mode.toString(8).padStart(4, '0'),
    modified: mtime === undefined ? null : timeText(mtime),
    holders: holders.map(({ pid, comm, by }) => ({ pid, comm, by: String(by) })),
    ...{ image, path: path ?? null },
  };
}

function timeText(seconds: number): string | null {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? null : formatTime(time);
}

function holdersText({ holders }: RecoverRow): string {
  return holders.map(({ pid, by }) => (/^\d+$/.test(by) ? `${pid} fd ${by}` : `${pid} ${by}`)).join(', ');
}

const HELP = `
Lists, and with -C extracts: files that were deleted while open, mapped or running; memfds and shared memory; data in
pipes, sockets and TCP connections that nobody had read, or acknowledged; files on tmpfs; System V shared memory and
messages. Files are written 0600, holes stay holes.

Fields of --json: kind (deleted-file, deleted-executable, memfd, shared-memory, pipe-data, socket-data, tcp-received,
tcp-sent, tmpfs-file, posix-shm, sysv-shm, sysv-message), name, size (bytes), sha256 (null with more than 4 GiB of
holes), uid, gid, mode (octal), modified (ISO 8601 UTC), holders (pid, comm, by: number of a descriptor, cwd, root, exe
or map), image (where it is in the archive), path (below -C; null without).

Examples:
  coldcase recover evidence.tar.zst.age -i key.txt
  coldcase recover checkpoint.tar -C recovered`;
