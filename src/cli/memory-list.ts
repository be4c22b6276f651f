import { memoryListQuestion, memoryListRow, memoryTotals } from '../views/memory-list.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { memoryTargets } from './memory-targets.js';
import { type OutputOptions, printRows } from './output.js';

export async function listMemory(
  location: string,
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows = (await memoryTargets(archive, options.pid)).map(memoryListRow);
    await printRows({ ...memoryListQuestion, rows: [...rows, memoryTotals(rows)] }, options);
  });
}
