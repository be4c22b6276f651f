import { basename } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { formatSize } from '../base/units.js';
import { writeAside } from '../base/write-aside.js';
import { openFile } from '../bytes/file.js';
import { type Unsealed, unseal } from '../seal/unseal.js';
import { type ArchiveOptions, addArchiveOptions, withRecipients } from './archive-options.js';
import type { CommandModule } from './command.js';
import { readKeys } from './identity-options.js';
import { interrupted } from './interrupt.js';
import { printJson } from './output.js';
import { resolveOutputPath } from './output-path.js';
import { createProgress } from './progress.js';
import { formatFields } from './receipt.js';
import { standardInput } from './standard-input.js';
import { writeOut } from './write-out.js';

interface Options extends ArchiveOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const HELP = `
Opens what coldcase sealed, and what age made of a tar, compressed with zstd or gzip or not, in ASCII armor or
not. The tar is the original one to the byte; it gets its name only when all of it was checked. With -o - it is
written as it is read: believe it only if the exit code is 0.

--json prints one object: path, size, sha256, entries (null: no tar), compression (none, gzip, zstd), indexChecked
(sealed by coldcase, and its index and hash hold).

Example:
  coldcase unseal evidence.tar.zst.age -i key.txt -o evidence.tar`;

export const unsealCommand: CommandModule = {
  configure(command: Command): void {
    addArchiveOptions(command.argument('<file>', 'sealed file; - is standard input'))
      .option(
        '-o, --output <path>',
        'file or directory, or - for standard output; default: FILE without .zst.age',
      )
      .option('--force', 'replace a file that exists')
      .option('--json', 'print what was done as JSON')
      .option('-q, --quiet', 'no progress, no report')
      .addHelpText('after', HELP)
      .action(run);
  },
};

async function run(file: string, options: Options): Promise<void> {
  const output = await outputPath(file, options);
  const progress = createProgress(options);
  const input = file === '-' ? { name: 'stdin', chunks: standardInput() } : openFile(file);
  const unsealTo = async (onContent: (content: Uint8Array) => Promise<void>): Promise<Unsealed> =>
    unseal(input, {
      keys: await readKeys(file, options),
      onContent,
      onProgress: (done, total) => progress.report('unsealing', done, total),
      signal: interrupted,
    });
  try {
    if (output === '-') {
      requireNoTerminal();
      await unsealTo(writeOut);
      return;
    }
    const unsealed = await writeAside(output, options, (aside) =>
      unsealTo((content) => aside.output.append(content)),
    );
    progress.clear();
    await report(output, unsealed, options);
  } catch (error) {
    throw await withRecipients(error, file);
  } finally {
    progress.clear();
    if ('close' in input) await input.close();
  }
}

function requireNoTerminal(): void {
  if (!process.stdout.isTTY) return;
  throw new UsageError('a tar is not for a terminal', { remedy: 'redirect it, or use -o FILE' });
}

async function outputPath(file: string, { output }: Options): Promise<string> {
  if (output === '-') return output;
  const name = basename(shownUrl(file))
    .replace(/\.(age|asc)$/, '')
    .replace(/\.(zst|zstd|gz)$/, '');
  if (output !== undefined) return resolveOutputPath(output, file === '-' ? 'unsealed.tar' : name);
  if (file === '-' || name === basename(shownUrl(file))) {
    throw new UsageError(`no name for what comes out of ${shownUrl(file)}`, {
      remedy: 'say where to with -o FILE or -o -',
    });
  }
  return file.slice(0, file.length - basename(file).length) + name;
}

async function report(path: string, unsealed: Unsealed, options: Options): Promise<void> {
  const { content, compression, indexChecked } = unsealed;
  if (options.json === true) {
    const { size, sha256, entries = null } = content;
    await printJson({ path: shownUrl(path), size, sha256, entries, compression, indexChecked });
    return;
  }
  if (options.quiet === true) return;
  const kind = content.entries === undefined ? 'not a tar' : `tar of ${content.entries} entries`;
  const checked = indexChecked
    ? 'sealed by coldcase: index and hash of the tar hold'
    : 'encrypted chunks and, where compressed, its checksums; nothing to compare the hash with';
  const fields = [
    ['unsealed', `${shownUrl(path)}, ${formatSize(content.size)}, ${kind}`],
    ['  sha256', content.sha256],
    ['was', `age${compression === 'none' ? '' : ` over ${compression}`}`],
    ['checked', checked],
  ] as const;
  await writeOut(formatFields(fields));
}
