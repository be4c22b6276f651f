import { indexTar } from '../../archive/tar-index.js';
import { ColdcaseError, FormatError, InterruptedError } from '../../base/errors.js';
import { openFile } from '../../bytes/file.js';
import { sniffSource } from '../../bytes/sniff.js';
import { interrupted } from '../interrupt.js';

/**
 * Whether an archive is whole, as far as its structure tells: `truncated` when it ends in the middle, or without the
 * mark that ends a tar; `unknown` for a compressed one, which would have to be read to its end.
 */
export type ArchiveState = 'whole' | 'truncated' | 'no tar' | 'unknown';

/** Hops from header to header; nothing between is read. */
export async function archiveState(
  path: string,
): Promise<{ readonly state: ArchiveState; readonly problem: string | null }> {
  try {
    const source = openFile(path);
    try {
      if (source.size === 0) return { state: 'truncated', problem: 'it is empty' };
      if ((await sniffSource(source)) !== 'none') return { state: 'unknown', problem: null };
      const { marked } = await indexTar(source, interrupted);
      if (marked) return { state: 'whole', problem: null };
      return { state: 'truncated', problem: 'it lacks the mark that ends a tar' };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const problem = error.message.replace(`${path} `, '').replace(`${path}: `, '');
      if (error.offset === 0 && source.size >= 512) return { state: 'no tar', problem };
      return { state: 'truncated', problem };
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof InterruptedError || !(error instanceof ColdcaseError)) throw error;
    return { state: 'unknown', problem: error.message };
  }
}
