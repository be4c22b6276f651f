import { formatSize } from '../base/units.js';
import type { FileOutput } from '../base/write-all.js';
import { writeAside } from '../base/write-aside.js';
import { MemoryImages } from '../criu/memory.js';
import { buildCore } from '../memory/core/build.js';
import type { CoreLayout, CorePart } from '../memory/core/layout.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { parsePid } from './output.js';
import { createProgress } from './progress.js';

interface CoreOptions extends ArchiveOptions {
  readonly pid: number;
  readonly output: string;
  readonly force?: true;
  readonly quiet?: true;
}

export const coreCommand: CommandModule = {
  configure: (command) => {
    addArchiveArgument(command)
      .requiredOption('-p, --pid <pid>', 'the process', parsePid)
      .requiredOption('-o, --output <file>', 'where to write it, 0600')
      .option('--force', 'replace the file if it exists')
      .option('-q, --quiet', 'no progress')
      .addHelpText('after', HELP)
      .action(core);
  },
};

async function core(location: string, options: CoreOptions): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const layout = await buildCore(new MemoryImages(archive), options.pid);
    const progress = createProgress(options);
    const size = layout.head.length + heldBytes(layout);
    try {
      await writeAside(options.output, { force: options.force, size }, ({ output }) =>
        writeCore(output, layout, (done, total) => progress.report('writing', done, total)),
      );
    } finally {
      progress.clear();
    }
    for (const problem of layout.problems) {
      process.stderr.write(`coldcase: a deleted file is not in the core file: ${escapeText(problem)}\n`);
    }
    if (layout.lost > 0n && options.quiet !== true) {
      const size = formatSize(layout.lost);
      process.stderr.write(
        `coldcase: ${size} of the memory is not in this archive (MISSING in memory list): a hole in the core file\n`,
      );
    }
    if (layout.missing > layout.lost && options.quiet !== true) {
      const size = formatSize(layout.missing - layout.lost);
      process.stderr.write(
        `coldcase: ${size} of mapped files and reserved space are named in the core file, not held\n`,
      );
    }
  });
}

/** Bytes copied at once. */
const CHUNK = 1 << 20;

/** Bytes of memory that are written; the rest of the file is holes. */
function heldBytes({ parts }: CoreLayout): number {
  const held = parts.filter(({ segment }) => segment.backing.kind === 'pages');
  return held.reduce((sum, { segment }) => sum + Number(segment.end - segment.start), 0);
}

async function writeCore(
  output: FileOutput,
  layout: CoreLayout,
  report: (done: number, total: number) => void,
): Promise<void> {
  const { head, parts, size } = layout;
  const total = heldBytes(layout);
  await output.append(head);
  let done = 0;
  for (const part of parts) {
    for await (const { bytes, position } of chunksOfPart(part)) {
      interrupted.throwIfAborted();
      await output.writeAt(bytes, position);
      done += bytes.length;
      report(done, total);
    }
  }
  await output.resize(size);
}

async function* chunksOfPart({
  segment,
  position,
}: CorePart): AsyncGenerator<{ bytes: Uint8Array; position: number }> {
  const { backing } = segment;
  if (backing.kind !== 'pages') return;
  const length = Number(segment.end - segment.start);
  for (let at = 0; at < length; at += CHUNK) {
    const bytes = await backing.pages.source.read(backing.offset + at, Math.min(CHUNK, length - at));
    yield { bytes, position: position + at };
  }
}

const HELP = `
The file is what the kernel would have written: registers of every thread, the memory that the archive holds, which
files are mapped where. Unchanged pages of mapped files are not in it, as CRIU leaves them to the files; gdb takes them
from there (set sysroot). Those of deleted files are: CRIU kept a copy of each (coldcase recover). Memory that was never written is a hole of the file. x86-64 and aarch64.

Example:
  coldcase core evidence.tar.zst.age -i key.txt --pid 1 -o core.1
  gdb -ex 'set sysroot rootfs' -ex 'info threads' rootfs/usr/bin/python3 core.1`;
