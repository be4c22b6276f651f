import { constants, openSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { UnsafeError, UsageError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import type { JsonValue } from '../base/json.js';
import { shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { requireWritable } from '../base/writable.js';
import { escapeText } from '../render/escape.js';
import type { SealInput } from '../seal/input.js';
import { type SealedFile, type SealOptions, sealFile, sealToSink } from '../seal/seal-file.js';
import { writeManifest } from '../seal/write-manifest.js';
import { trustedPlace } from './capture/trusted-place.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { printJson } from './output.js';
import { resolveOutputPath } from './output-path.js';
import { createProgress } from './progress.js';
import { formatFields, sealReceipt } from './receipt.js';
import { addRecipientOptions, type RecipientOptions, readSealFor } from './recipient-options.js';
import { fifoInput, standardInput } from './standard-input.js';
import { toStandardOutput } from './standard-output.js';
import { VERSION } from './version.js';
import { writeOut } from './write-out.js';

interface Options extends RecipientOptions {
  readonly output?: string;
  readonly manifest?: string;
  readonly prove: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const HELP = `
The result is FILE.zst.age (without a .gz or .zst of FILE) and a manifest, both mode 0600. Stock tools open it:
age -d -i key.txt x.tar.zst.age | zstd -d | tar x. FILE is not changed.

--json prints one object: path, manifestPath, manifest (README.md describes the manifest's fields).

Example:
  coldcase seal checkpoint.tar -r age1... -o /evidence/`;

export const sealCommand: CommandModule = {
  configure(command: Command): void {
    addRecipientOptions(
      command.argument('<file>', 'tar, plain or compressed with gzip or zstd; - is standard input'),
    )
      .option('-o, --output <path>', 'file, or directory (made if it ends in /), or - for standard output')
      .option('--manifest <file>', 'where the manifest goes; default: the sealed file with .json behind it')
      .option('--no-prove', 'do not read the sealed file back before it gets its name')
      .option('--force', 'replace files that exist')
      .option('--json', 'print the receipt as JSON')
      .option('-q, --quiet', 'no progress, no receipt')
      .addHelpText('after', HELP)
      .action(run);
  },
};

async function run(file: string, options: Options): Promise<void> {
  const output = await outputPath(file, options);
  if (output !== '-' && options.quiet !== true) {
    for (const doubt of (await trustedPlace(dirname(output), false)).doubts) {
      process.stderr.write(`coldcase: ${escapeText(doubt)}\n`);
    }
  }
  const sealFor = await readSealFor(options, output === '-' ? 'the sealed file' : output);
  const progress = createProgress(options);
  const opened = await openInput(file);
  const sealOptions: SealOptions = {
    input: opened.input,
    sealFor,
    capture: null,
    toolVersion: VERSION,
    onProgress: progress.report.bind(progress),
    signal: interrupted,
  };
  try {
    if (output === '-') return await sealToOutput(sealOptions, options);
    const { manifest, force, prove } = options;
    const sealed = await sealFile({ ...sealOptions, output, manifest, force, prove });
    progress.clear();
    if (options.json === true) await printJson(receiptOf(sealed));
    else if (options.quiet !== true) await writeOut(formatFields(sealReceipt(sealed)));
  } finally {
    progress.clear();
    await opened.close();
  }
}

function receiptOf({ path, manifestPath, manifest }: SealedFile): JsonValue {
  return { path: shownUrl(path), manifestPath: shownUrl(manifestPath), manifest };
}

async function sealToOutput(sealOptions: SealOptions, { manifest, force }: Options): Promise<void> {
  if (manifest !== undefined) await requireWritable(manifest, { force });
  const name = manifest === undefined ? '-' : basename(manifest).replace(/\.json$/, '');
  const sealed = await toStandardOutput((sink) => sealToSink(sealOptions, sink, name));
  if (manifest !== undefined) await writeManifest(manifest, sealed, 'standard output', { force });
}

async function outputPath(file: string, { output }: Options): Promise<string> {
  const name = `${basename(shownUrl(file))
    .replace(/\.(gz|zst|zstd)$/, '')
    .replace(/\.tgz$/, '.tar')}.zst.age`;
  if (output === '-') return output;
  if (output !== undefined) return resolveOutputPath(output, file === '-' ? 'checkpoint.tar.zst.age' : name);
  if (file === '-') throw new UsageError('standard input has no name', { remedy: 'say where to with -o' });
  return file.slice(0, file.length - basename(file).length) + name;
}

/**
 * A regular file is read by offset on several threads; anything else (a pipe, a FIFO) as a stream. Opening never
 * waits: a FIFO that nobody writes to would keep the process from being stopped.
 */
async function openInput(file: string): Promise<{ input: SealInput; close: () => Promise<void> }> {
  if (file === '-') return { input: { name: 'stdin', chunks: standardInput() }, close: async () => {} };
  const kind = await stat(fsPath(file)).catch((cause: unknown) => {
    throw fileError(cause, file, 'read');
  });
  if (kind.isFIFO()) {
    const name = shownUrl(file);
    return { input: { name, chunks: fifoInput(openFifo(file), name) }, close: async () => {} };
  }
  const handle = await open(fsPath(file), constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw fileError(cause, file, 'read');
    },
  );
  return { input: await inputOf(handle, shownUrl(file)), close: () => handle.close() };
}

function openFifo(file: string): number {
  try {
    return openSync(fsPath(file), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw fileError(cause, file, 'read');
  }
}

async function inputOf(handle: FileHandle, name: string): Promise<SealInput> {
  const stat = await handle.stat().catch((cause: unknown) => {
    throw fileError(cause, name, 'read');
  });
  if (stat.isFile()) return { name, fd: handle.fd, size: stat.size };
  await handle.close();
  if (stat.isDirectory())
    throw new UsageError(`${name} is a directory`, { remedy: 'seal takes a tar archive' });
  throw new UnsafeError(`${name} is neither a file nor a pipe`, { remedy: 'seal takes a tar archive' });
}
