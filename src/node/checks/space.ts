import { posix } from 'node:path';
import { formatSize } from '../../base/units.js';
import type { JsonValue } from '../../render/table.js';
import { setting } from '../config/kubelet.js';
import type { SpaceFacts } from '../host/root.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('space');

/** Files that a dump makes next to the memory pages: images, logs, the root's changes. */
const OVERHEAD = 32 << 20;

/** Free space and inodes where the archive lands, and the kubelet's eviction thresholds. */
export async function spaceChecks(examination: Examination): Promise<readonly Check[]> {
  const { host, checkpointDirectory, patient } = examination;
  const why = 'an archive that fills the disk hurts the node, and is lost';
  const space = await host.space(checkpointDirectory);
  if (!space.ok) return [unknown('space.free', `${checkpointDirectory}: ${space.why}`, why)];
  const memory = patient?.facts?.memory;
  // the images are written to the disk first and packed into the archive from there: twice the memory
  const need = memory === undefined ? undefined : memory * 2 + OVERHEAD;
  return [
    freeCheck(space.value, need, checkpointDirectory, why),
    inodeCheck(examination, space.value),
    evictionCheck(examination, space.value, need),
  ];
}

function freeCheck(space: SpaceFacts, need: number | undefined, path: string, why: string): Check {
  const id = 'space.free';
  const at = `${formatSize(space.free)} free of ${formatSize(space.size)} at ${path}`;
  if (need === undefined) return pass(id, at, why);
  const found = `${at}; images and archive need about ${formatSize(need)}`;
  const remedy =
    "free space, or move the kubelet's root directory; coldcase node checkpoints --prune removes old archives";
  if (need > space.free) return fail(id, found, why, remedy);
  if (need * 2 > space.free) return warn(id, found, why, remedy);
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
