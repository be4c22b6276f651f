import { posix } from 'node:path';
import { openArchiveSource } from '../../archive/open-source.js';
import { InterruptedError } from '../../base/errors.js';
import { descriptorSource } from '../../bytes/file.js';
import type { NotHeld } from '../../checkpoint/not-held.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import type { ContainerInfo, PodInfo } from '../../kubelet/pods.js';
import type { Field } from '../receipt.js';
import type { CaptureJob } from './job.js';

/** What an archive does not hold; or why that is not known. */
export type LeftOnNode =
  | { readonly items: readonly NotHeld[]; readonly unknown: undefined }
  | { readonly items: undefined; readonly unknown: string };

/**
 * What the archive leaves on the node, told by its own specification and mount points, and by the pod's where that is
 * known: it calls volumes by their names. A few headers and small files are read. A capture never fails because of it.
 */
export async function leftOnNode(
  { hostRoot, signal }: Pick<CaptureJob, 'hostRoot' | 'signal'>,
  file: CheckpointFile,
  pod: PodInfo | undefined,
  container: string,
): Promise<LeftOnNode> {
  const { Checkpoint } = await import('../../checkpoint/checkpoint.js');
  const { notHeld } = await import('../../checkpoint/not-held.js');
  try {
    // the descriptor is the file's, and stays open
    const source = { ...descriptorSource(file.handle.fd, file.size, file.name), close: async () => {} };
    const archive = await openArchiveSource(source, file.name, { signal });
    const items = await notHeld(new Checkpoint(archive));
    if (items === undefined) return { items, unknown: 'the archive has no spec.dump' };
    const own = pod?.containers.find(({ name }) => name === container);
    const found = await Promise.all(items.map((item) => withDevice(named(item, pod, own), hostRoot)));
    return { items: found, unknown: undefined };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { items: undefined, unknown: error instanceof Error ? error.message : String(error) };
  }
}

/** With the names that the pod has for it: of its volume and claim, and of the image with its digest. */
function named(item: NotHeld, pod: PodInfo | undefined, own: ContainerInfo | undefined): NotHeld {
  if (item.kind === 'image') {
    // `docker.io/library/redis@sha256:...`, or an ID alone
    const digest = own?.imageID?.split('@').at(-1);
    return own?.image && digest ? { ...item, name: `${own.image} ${digest}` } : item;
  }
  const raw = item.kind === 'block device';
  const places = (raw ? own?.volumeDevices : own?.volumeMounts) ?? [];
  const mount = places.find(({ path }) => clean(path) === clean(item.path));
  const volume = pod?.volumes.find(({ name }) => name === mount?.volume);
  if (volume === undefined) return item;
  const kind = volume.inMemory ? `${volume.kind} in memory` : volume.kind;
  const claim = volume.kind === 'persistentVolumeClaim' && volume.of !== null ? ` (${volume.of})` : '';
  const name = `${kind} ${volume.name}${claim}`;
  // a device stays one, with its number
  return raw ? { ...item, name: `${name} ${item.name}` } : { ...item, kind: 'volume', name };
}

/** A path as the kernel has it: `/data/` is `/data`. */
function clean(path: string): string {
  return posix.join('/', path, '.');
}

/** With the node's name of a block device, which the kernel tells by its number. */
async function withDevice(item: NotHeld, hostRoot: string): Promise<NotHeld> {
  const number = item.kind === 'block device' ? /\d+:\d+$/.exec(item.name ?? '')?.[0] : undefined;
  if (number === undefined) return item;
  const { HostRoot } = await import('../../node/host/root.js');
  const host = await HostRoot.open(hostRoot);
  const event = await host.readText(`/sys/dev/block/${number}/uevent`, 4096);
  const device = event.ok ? /^DEVNAME=(.+)$/m.exec(event.value)?.[1] : undefined;
  return device === undefined ? item : { ...item, hostPaths: [`/dev/${device}`] };
}

const WORDS: Readonly<Record<NotHeld['kind'], string>> = {
  image: "the image's own layers",
  volume: 'volume',
  'host path': 'path of the node',
  'shared memory': 'shared memory of the pod',
  'engine file': 'file of kubelet and runtime',
  tmpfs: 'tmpfs',
  'file system': 'file system',
  'block device': 'block device',
};

/** A line for each of them, for people. */
export function notHeldFields({ items, unknown }: LeftOnNode): readonly Field[] {
  if (items === undefined) return [['not held', `not known: ${unknown}`]];
  return items.map(({ kind, path, name, hostPaths }) => {
    const [first, ...more] = hostPaths;
    const where =
      first === undefined
        ? ''
        : `: ${first}${more.length === 0 ? '' : ` and ${more.length} more (the manifest and --json have all)`}`;
    return ['not held', `${path}, ${WORDS[kind]}${name === null ? '' : ` ${name}`}${where}`];
  });
}
