import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ReadStream, WriteStream } from 'node:tty';
import type { Archive } from '../archive/archive.js';
import { openArchive } from '../archive/open.js';
import { FormatError, IntegrityError, InterruptedError, NotFoundError, UsageError } from '../base/errors.js';
import { formatTime } from '../base/units.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, addArchiveArgument, openingOptions } from './archive-options.js';
import { verifierOf } from './browse-verifier.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { VERSION } from './version.js';

const HELP = `
Keys: 1 to 8 and Tab for the screens, arrows or hjkl, Enter in, Esc out, / to find, : to go to a PID, an address
or an entry, e to extract, y to copy, b to bookmark, V to verify, ? for all of them, q to quit. Nothing is
written anywhere unless e, or w in the bookmarks, asks for a path. Exit code 2 without a terminal.

Examples:
  coldcase browse evidence.tar.zst.age -i key.txt
  coldcase browse checkpoint.tar`;

/** `coldcase browse`: the full-screen interface. */
export const browseCommand: CommandModule = {
  configure: (command) => {
    addArchiveArgument(command).addHelpText('after', HELP).action(browseArchive);
  },
};

async function browseArchive(location: string, options: ArchiveOptions): Promise<void> {
  const { stdin: input, stdout: output } = process;
  const terminal = input instanceof ReadStream && output instanceof WriteStream;
  if (!terminal || process.env['TERM'] === 'dumb') {
    throw new UsageError('browse needs a terminal', {
      remedy: 'without one use inspect, ps, files, sockets, memory or decode, with --json for programs',
    });
  }
  if (location === '-') {
    throw new UsageError('browse cannot read the archive from the terminal that it is used on', {
      remedy: 'save the archive to a file, sealed if it should be: coldcase seal',
    });
  }
  // React reads this when it is loaded: its development build would be slower and talk to the terminal
  process.env['NODE_ENV'] ??= 'production';
  // the screens are the larger part of the start, and load while the archive is opened
  const loading = Promise.all([import('../tui/main.js'), import('../tui/screens/workspace.js')]);
  loading.catch(() => {}); // met below, if opening did not fail before
  const archive = await openAsking(location, options);
  try {
    const [{ browse }, { Workspace }] = await loading;
    const { pageOf } = await import('../tui/screens/pages.js');
    const { Verifying } = await import('../tui/runtime/verifying.js');
    const verifying = new Verifying(verifierOf(archive, location), () => formatTime(new Date()));
    const workspace = await Workspace.open(archive, () => verifying.state);
    await browse(
      {
        verifying,
        name: basename(location) + (archive.container.encrypted ? ' (sealed)' : ''),
        entries: workspace.entries.map(({ name }) => name),
        pageOf: (place) => pageOf(workspace, place),
      },
      { input, output, env: process.env, version: VERSION, signal: interrupted },
    );
  } finally {
    await archive.close();
  }
}

/** Opens the archive; where the identity is missing or not the right one, asks for another until one opens it. */
async function openAsking(location: string, options: ArchiveOptions): Promise<Archive> {
  let identity = options.identity ?? [];
  for (;;) {
    const state = { needed: false };
    try {
      const opening = openingOptions(location, { identity });
      return await openArchive(location, {
        ...opening,
        identities: async () => {
          state.needed = true;
          const given = opening?.identities;
          return typeof given === 'function' ? given() : (given ?? []);
        },
      });
    } catch (error) {
      if (!state.needed || !isAboutIdentity(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(`coldcase: ${escapeText(message)}\n`);
      identity = [await askIdentity()];
    }
  }
}

/** No identity, one that does not open the file, one that is not there; damage of the file is not about it. */
function isAboutIdentity(error: unknown): boolean {
  if (error instanceof FormatError) return false;
  return error instanceof UsageError || error instanceof IntegrityError || error instanceof NotFoundError;
}

async function askIdentity(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new AbortController();
  lines.once('SIGINT', () => stopped.abort());
  lines.once('close', () => stopped.abort());
  try {
    const answer = await lines.question('Identity file (empty to give up): ', { signal: stopped.signal });
    if (answer.trim() !== '') return answer.trim();
  } catch (cause) {
    throw new InterruptedError('no identity given', { cause });
  } finally {
    lines.close();
  }
  throw new UsageError('no identity given', { remedy: 'give the identity file with -i FILE' });
}
