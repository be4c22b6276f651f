import { formatSize } from '../../base/units.js';
import { setting } from '../config/kubelet.js';
import { isMemory, isNetwork, mountOf } from '../facts/mounts.js';
import { type Check, type Examination, reporter } from './check.js';
import { leftoverCheck } from './leftovers.js';

const { pass, warn, fail, unknown } = reporter('plaintext');

/** Where memory of a container could be left readable: swap, the archive's directory, old archives, core dumps. */
export async function plaintextChecks(examination: Examination): Promise<readonly Check[]> {
  return [
    swapCheck(examination),
    kubeletSwapCheck(examination),
    await directoryCheck(examination),
    await fileSystemCheck(examination),
    await leftoverCheck(examination),
    await coreCheck(examination),
  ];
}

const PROTECTION = {
  encrypted: 'encrypted',
  memory: 'in memory',
  none: 'not encrypted',
  unknown: 'encrypted or not is not known',
} as const;

function swapCheck({ swaps }: Examination): Check {
  const id = 'plaintext.swap';
  const why = 'memory that was swapped out, also of our own process, stays readable on the disk';
  if (!swaps.ok) return unknown(id, `/proc/swaps: ${swaps.why}`, why);
  if (swaps.value.length === 0) return pass(id, 'no swap', why);
  const said = swaps.value
    .map(({ path, size, protection }) => `${path} ${formatSize(size)} (${PROTECTION[protection]})`)
    .join(', ');
  if (swaps.value.some(({ protection }) => protection === 'none')) {
    return warn(id, said, why, 'swapoff -a for the capture, or put swap on dm-crypt with a random key');
  }
  if (swaps.value.some(({ protection }) => protection === 'unknown')) {
    return unknown(id, said, why, 'look whether the device below is encrypted: lsblk -f');
  }
  return pass(id, said, why);
}

function kubeletSwapCheck({ configuration, swaps }: Examination): Check {
  const id = 'plaintext.kubelet-swap';
  const why =
    'NoSwap keeps pods out of swap, LimitedSwap lets them; failSwapOn keeps the kubelet from starting with swap';
  const behaviour = String(setting(configuration, 'memorySwap', 'swapBehavior') ?? 'NoSwap') || 'NoSwap';
  const refuses = setting(configuration, 'failSwapOn') !== false;
  const found = `swapBehavior ${behaviour}, failSwapOn ${refuses}`;
  const on = swaps.ok && swaps.value.length > 0;
  if (behaviour === 'LimitedSwap' && on) {
    return warn(
      id,
      `${found}, and swap is on: pods' memory may be in it`,
      why,
      'memory in swap is dumped too, but a copy stays on the disk',
    );
  }
  if (refuses && on)
    return warn(
      id,
      `${found}, and swap is on: the kubelet would not start again`,
      why,
      'swapoff -a, or failSwapOn: false',
    );
  return pass(id, found, why);
}

async function directoryCheck({ host, checkpointDirectory }: Examination): Promise<Check> {
  const id = 'plaintext.directory';
  const why = 'archives hold everything that was in memory; only root may look';
  const facts = await host.stat(checkpointDirectory);
  if (!facts.ok && facts.reason === 'absent')
    return pass(id, `${checkpointDirectory} is not there yet; the kubelet makes it 0700`, why);
  if (!facts.ok) return unknown(id, `${checkpointDirectory}: ${facts.why}`, why, 'run as root');
  const { uid, gid, mode, kind } = facts.value;
  const found = `${checkpointDirectory}: ${kind}, owner ${uid}:${gid}, mode ${mode.toString(8).padStart(4, '0')}`;
  if (kind !== 'directory') return fail(id, found, why, 'look who put it there');
  if (uid !== 0 || (mode & 0o077) !== 0)
    return fail(id, found, why, `chown root:root and chmod 0700 ${checkpointDirectory}`);
  return pass(id, found, why);
}

async function fileSystemCheck({ host, mounts, checkpointDirectory }: Examination): Promise<Check> {
  const id = 'plaintext.filesystem';
  const why =
    'plaintext that lands on a network file system has left the node; in memory it never touches a disk';
  if (!mounts.ok) return unknown(id, `mounts are not known: ${mounts.why}`, why);
  const mount = mountOf(mounts.value, await host.nearest(checkpointDirectory));
  if (mount === undefined) return unknown(id, 'its mount is not known', why);
  const found = `${mount.type} from ${mount.source} at ${mount.point}`;
  if (isMemory(mount.type)) {
    const kept = mount.options.includes('noswap') ? ', noswap' : '';
    return pass(id, `${found}: in memory${kept}`, why);
  }
  if (isNetwork(mount.type))
    return fail(
      id,
      `${found}: over the network`,
      why,
      'coldcase doctor --stage tmpfs keeps archives in memory',
    );
  if (/backup|snap|replica/i.test(`${mount.source} ${mount.point}`)) {
    return warn(
      id,
      `${found}: its name says that it is copied elsewhere`,
      why,
      'coldcase doctor --stage tmpfs keeps archives in memory',
    );
  }
  return pass(id, `${found}: a local disk; see that no backup takes it along, or use --stage tmpfs`, why);
}

async function coreCheck({ host }: Examination): Promise<Check> {
  const id = 'plaintext.core';
  const why = 'if something crashes meanwhile, core_pattern says where its memory goes';
  const text = await host.readText('/proc/sys/kernel/core_pattern', 4096);
  if (!text.ok) return unknown(id, `core_pattern: ${text.why}`, why);
  const pattern = text.value.trim();
  if (pattern === '' || /^\|\/(usr\/)?bin\/(false|true)\b/.test(pattern))
    return pass(id, `core dumps go nowhere (${pattern})`, why);
  if (pattern.startsWith('|')) {
    return warn(
      id,
      `core dumps go to ${pattern.slice(1, 120)}`,
      why,
      'know where that program keeps them, and for how long',
    );
  }
  return warn(
    id,
    `core dumps are files: ${pattern.slice(0, 120)}`,
    why,
    'sysctl kernel.core_pattern=|/bin/false for the time of the capture',
  );
}
