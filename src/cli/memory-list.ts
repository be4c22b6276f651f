import { MEMORY_LIST_COLUMNS, memoryListRow, memoryTotals } from '../views/memory-rows.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { memoryTargets } from './memory-targets.js';
import { type OutputOptions, printRows } from './output.js';

export async function list(
  location: string,
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows = (await memoryTargets(archive, options.pid)).map(memoryListRow);
    await printRows({ columns: MEMORY_LIST_COLUMNS, rows: [...rows, memoryTotals(rows)] }, options);
  });
}
