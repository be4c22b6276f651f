import { basename } from 'node:path';
import { ReadStream, WriteStream } from 'node:tty';
import { UsageError } from '../base/errors.js';
import { keepHeapSmall } from '../base/heap.js';
import { shownUrl } from '../base/shown-url.js';
import { formatTime } from '../base/units.js';
import { type ArchiveOptions, addArchiveArgument } from './archive-options.js';
import { openAsking } from './browse-open.js';
import { verifierOf } from './browse-verifier.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { watchForLoss } from './standard-streams.js';
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
  watchForLoss(input);
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
    keepHeapSmall(); // a session is long, and what it has looked at is garbage soon
    const workspace = await Workspace.open(archive, () => verifying.state);
    await browse(
      {
        verifying,
        name: basename(shownUrl(location)) + (archive.storage.encrypted ? ' (sealed)' : ''),
        entries: workspace.entries.map(({ name }) => name),
        pageOf: (place) => pageOf(workspace, place),
      },
      { input, output, env: process.env, version: VERSION, signal: interrupted },
    );
  } finally {
    await archive.close();
  }
}
