import { posix } from 'node:path';
import { formatSize } from '../../base/units.js';
import { lookForLeftovers } from '../leftovers/look.js';
import { leftoverLine } from '../leftovers/words.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, unknown } = reporter('plaintext');

const ID = 'plaintext.leftovers';
const WHY =
  'an archive and its pieces are plaintext that nobody watches; engines leave pieces when they are killed or out of space';
/** How many pieces are named; how many there are is always said. */
const NAMED = 8;

/** Archives in the checkpoint directory, and what engines and coldcase left on the way there. */
export async function leftoverCheck(examination: Examination): Promise<Check> {
  const { host, checkpointDirectory, now } = examination;
  const { found: pieces, unread } = await lookForLeftovers(host, { checkpointDirectory });
  const archives = await archivesIn(examination);
  const blind = [...unread, ...('why' in archives ? [archives] : [])].map(
    ({ path, why }) => `${path}: ${why}`,
  );
  const notSeen = blind.length === 0 ? [] : [`not looked at: ${[...new Set(blind)].join('; ')}`];
  const said: string[] = [];
  const remedies: string[] = [];
  if ('count' in archives && archives.count > 0) {
    said.push(`${archives.count} archives, ${formatSize(archives.size)}, in ${checkpointDirectory}`);
    remedies.push('coldcase node checkpoints --seal -r RECIPIENT, then --prune');
  }
  if (pieces.length > 0) {
    const total = pieces.reduce((sum, { size = 0 }) => sum + size, 0);
    const named = pieces.slice(0, NAMED).map((one) => leftoverLine(one, now));
    const more = pieces.length > NAMED ? [`and ${pieces.length - NAMED} more`] : [];
    said.push(`${pieces.length} pieces, ${formatSize(total)}: ${[...named, ...more].join(', ')}`);
    remedies.push('coldcase node checkpoints --prune --leftovers removes the pieces that nothing runs in');
  }
  if (said.length > 0) return warn(ID, [...said, ...notSeen].join('; '), WHY, remedies.join('; '));
  if (notSeen.length > 0) return unknown(ID, notSeen.join('; '), WHY, 'run as root');
  return pass(
    ID,
    `none in ${checkpointDirectory}, nor where engines write a checkpoint on its way there`,
    WHY,
  );
}

async function archivesIn({
  host,
  checkpointDirectory: path,
}: Examination): Promise<
  { readonly count: number; readonly size: number } | { readonly path: string; readonly why: string }
> {
  const names = await host.list(path);
  if (!names.ok) return names.reason === 'absent' ? { count: 0, size: 0 } : { path, why: names.why };
  const archives = names.value.filter((name) => /\.tar(\.gz|\.zst)?$/.test(name));
  let size = 0;
  for (const name of archives) {
    const facts = await host.stat(posix.join(path, name), { follow: false });
    if (facts.ok) size += facts.value.size;
  }
  return { count: archives.length, size };
}
