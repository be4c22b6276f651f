import { posix } from 'node:path';
import type { JsonValue } from '../../base/json.js';
import { formatSize } from '../../base/units.js';
import { setting } from '../config/kubelet.js';
import type { DumpLoad } from '../facts/dump-load.js';
import { availableMemory } from '../facts/memory.js';
import type { SpaceFacts } from '../host/root.js';
import { type Check, type Examination, reporter } from './check.js';
import { type FileSystemNeed, mostOf, peakOf, spaceNeeds } from './space-needs.js';

const { pass, warn, fail, unknown } = reporter('space');

/** What a dump makes next to memory pages and changed files on each file system: images, logs. Bytes. */
const OVERHEAD = 32 << 20;
const WHY = 'a checkpoint that fills a disk hurts the node, is lost, and leaves its plaintext there';

/** Free space on every file system that a checkpoint passes, inodes, and the kubelet's eviction thresholds. */
export async function spaceChecks(examination: Examination): Promise<readonly Check[]> {
  const load = examination.patient?.facts?.load;
  const needs = await spaceNeeds(examination);
  const checks: Check[] = [];
  for (const need of needs) checks.push(freeCheck(need, load));
  const inMemory = needs.filter((need) => need.inMemory);
  if (inMemory.length > 0) checks.push(await memoryCheck(examination, inMemory, load));
  const archive = needs.find(({ holdsArchive }) => holdsArchive);
  if (archive?.space !== undefined) {
    const bytes = bytesOf([archive], load);
    checks.push(inodeCheck(examination, archive.space), evictionCheck(examination, archive.space, bytes));
  }
  return checks;
}

function bytesOf(needs: readonly FileSystemNeed[], load: DumpLoad | undefined): number | undefined {
  return load === undefined ? undefined : mostOf(needs, load.memory, load.changed.size) + OVERHEAD;
}

/** Stable names: `space.free` is where the archive lands, the others are there only when they lie elsewhere. */
function idOf({ holdsArchive, holdsImages }: FileSystemNeed): string {
  return holdsArchive ? 'space.free' : holdsImages ? 'space.images' : 'space.engine';
}

function freeCheck(need: FileSystemNeed, load: DumpLoad | undefined): Check {
  const id = idOf(need);
  const { path, space, unknown: reason = 'not known', inMemory } = need;
  if (space === undefined) return unknown(id, `${path}: ${reason}`, WHY);
  const kind = inMemory ? ' (in memory)' : '';
  const at = `${formatSize(space.free)} free of ${formatSize(space.size)} at ${path}${kind}`;
  const bytes = bytesOf([need], load);
  const places = need.places.join(', ');
  if (bytes === undefined) {
    return pass(
      id,
      `${at}; a checkpoint takes the container's memory ${times(peakOf([need]))}: ${places}`,
      WHY,
    );
  }
  const found = `${at}; needs about ${formatSize(bytes)} at once: ${places}`;
  const remedy = need.holdsArchive
    ? "free space, or move the kubelet's root directory; coldcase node checkpoints --prune removes what is left"
    : `free space there: the engine writes to ${path} on the way to the archive`;
  if (bytes > space.free) return fail(id, found, WHY, remedy);
  if (bytes * 2 > space.free) return warn(id, found, WHY, remedy);
  return pass(id, found, WHY);
}

function times(factor: number): string {
  return factor === 1 ? 'once' : factor === 2 ? 'twice' : `${factor} times`;
}

/** What is written to a tmpfs is memory that the node has no more: limits of the tmpfs do not tell. */
async function memoryCheck(
  { host }: Examination,
  needs: readonly FileSystemNeed[],
  load: DumpLoad | undefined,
): Promise<Check> {
  const id = 'space.memory';
  const why = 'what is written to a tmpfs takes memory, and a node without memory kills what runs on it';
  const places = needs.map(({ path }) => path).join(', ');
  const available = await availableMemory(host);
  if (available === undefined)
    return unknown(id, `${places}: in memory, of which /proc/meminfo tells nothing`, why);
  const at = `${places}: in memory, ${formatSize(available)} available`;
  const bytes = bytesOf(needs, load);
  if (bytes === undefined) {
    return pass(id, `${at}; a checkpoint takes the container's memory ${times(peakOf(needs))} more`, why);
  }
  const found = `${at}; a checkpoint takes about ${formatSize(bytes)} more`;
  const remedy =
    'free memory, or give containerd a TMPDIR on a disk (systemctl edit containerd) if it is its /tmp';
  if (bytes > available) return fail(id, found, why, remedy);
  if (bytes * 2 > available) return warn(id, found, why, remedy);
  return pass(id, found, why);
}

/** Files that a dump makes at most, with its images and those that it packs. */
const DUMP_FILES = 1000;

function inodeCheck({ configuration }: Examination, space: SpaceFacts): Check {
  const why = 'a dump makes some hundred files while it runs, and too few free inodes mean DiskPressure too';
  if (space.inodes === 0) return pass('space.inodes', 'this file system has no fixed number of inodes', why);
  const found = `${space.freeInodes} of ${space.inodes} inodes free`;
  const value = setting(configuration, 'evictionHard', 'nodefs.inodesFree');
  const threshold = thresholdBytes(value, space.inodes) ?? 0;
  if (space.freeInodes < threshold + DUMP_FILES) {
    return fail('space.inodes', `${found}, the threshold is ${Math.round(threshold)}`, why, 'remove files');
  }
  return pass('space.inodes', found, why);
}

function evictionCheck(
  { configuration, host }: Examination,
  space: SpaceFacts,
  need: number | undefined,
): Check {
  const id = 'space.eviction';
  const why = 'below a threshold the kubelet reports DiskPressure and evicts pods, perhaps the very one';
  const thresholds: { readonly words: string; readonly bytes: number }[] = [];
  for (const kind of ['evictionHard', 'evictionSoft']) {
    const value = setting(configuration, kind, 'nodefs.available');
    if (value === undefined) continue;
    const bytes = thresholdBytes(value, space.size);
    if (bytes === undefined) return unknown(id, `${kind} nodefs.available is ${String(value)}`, why);
    thresholds.push({ words: `${kind} nodefs.available ${String(value)}`, bytes });
  }
  // the first that is crossed; a soft one, too, means DiskPressure at once, only the evicting waits
  const first = thresholds.reduce<(typeof thresholds)[number] | undefined>(
    (most, one) => (most === undefined || one.bytes > most.bytes ? one : most),
    undefined,
  );
  if (first === undefined) return pass(id, 'no threshold is set for nodefs.available', why);
  const margin = space.free - first.bytes - (need ?? 0);
  const words = `DiskPressure below ${formatSize(first.bytes)} (${first.words})`;
  const where = posix.normalize(host.directory) === '/' ? '' : ', by the file system that the root lies on';
  if (margin < 0) {
    const crossed =
      need !== undefined && space.free > first.bytes
        ? 'the archive itself would cross it'
        : 'already crossed';
    return fail(
      id,
      `${words}: ${crossed}${where}`,
      why,
      'free space first, or land the archive on another file system',
    );
  }
  return pass(
    id,
    `${words}: ${formatSize(margin)} away${need === undefined ? '' : ' with the archive'}${where}`,
    why,
  );
}

/** An eviction threshold in bytes: `10%` of the size, `1Gi`, `500M`; 0% and 100% switch it off, as in the kubelet. */
export function thresholdBytes(value: JsonValue | undefined, size: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  if (value === '100%') return 0;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value);
  if (percent !== null) return (size * Number(percent[1])) / 100;
  const quantity = /^(\d+(?:\.\d+)?)([KMGTP]i?|k)?$/.exec(value);
  if (quantity === null) return undefined;
  const scale = SCALES[quantity[2] ?? ''];
  return scale === undefined ? undefined : Number(quantity[1]) * scale;
}

const SCALES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};
