import { selectEntry } from '../archive/select.js';
import { NotFoundError, UnsafeError } from '../base/errors.js';
import { TextPieces } from '../base/text.js';
import { chunksOf } from '../bytes/chunks.js';
import type { ByteSource } from '../bytes/source.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { writeOut } from './write-out.js';

export const catCommand: CommandModule = {
  configure: (command) => {
    addArchiveArgument(command)
      .argument('<entry...>', 'names of entries; ENTRY//NAME is in an archive within the archive')
      .option('--force', 'write bytes as they are to a terminal too')
      .addHelpText('after', HELP)
      .action(concatenate);
  },
};

async function concatenate(
  location: string,
  paths: readonly string[],
  options: ArchiveOptions & { force?: true },
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const sources: ByteSource[] = [];
    for (const path of paths) {
      const { entry, archive: inner } = await selectEntry(archive, path);
      const contents = entry.type === 'file' || entry.type === 'hardlink' || entry.size > 0;
      if (!contents) {
        throw new NotFoundError(`${path} has no contents: it is a ${entry.type}`, {
          remedy: 'coldcase extract takes directories and links; coldcase ls lists what is in them',
        });
      }
      sources.push(inner.open(entry));
    }
    const print = process.stdout.isTTY && options.force !== true ? printEscaped : printRaw;
    for (const source of sources) await print(source);
  });
}

async function printRaw(source: ByteSource): Promise<void> {
  for await (const chunk of chunksOf(source, 0, interrupted)) await writeOut(chunk);
}

/** On a terminal, text is shown line by line with what a terminal would act on made visible. */
async function printEscaped(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(8192, source.size));
  if (start.includes(0)) {
    throw new UnsafeError(`${source.name} is not text`, {
      remedy: 'send it to a file or a pipe, or write it to the terminal anyway with --force',
    });
  }
  const text = new TextPieces();
  for await (const chunk of chunksOf(source, 0, interrupted)) {
    await writeOut(escapeLines(text.push(chunk)));
  }
  await writeOut(escapeLines(text.end()));
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

const HELP = `
Several entries are written one after the other. Nothing is written unless all are there. A name may be given as
tables print it, a\\xff for a byte that is no UTF-8.

Examples:
  coldcase cat evidence.tar.zst.age -i key.txt config.dump
  coldcase cat checkpoint.tar rootfs-diff.tar//etc/cron.d-evil`;
