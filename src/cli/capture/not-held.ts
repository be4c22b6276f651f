import { openArchiveSource } from '../../archive/open-source.js';
import { InterruptedError } from '../../base/errors.js';
import { descriptorSource } from '../../bytes/file.js';
import type { NotHeld } from '../../checkpoint/not-held.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import type { PodInfo } from '../../kubelet/pods.js';
import type { Field } from '../receipt.js';

/** What an archive does not hold; or why that is not known. */
export type LeftOnNode =
  | { readonly items: readonly NotHeld[]; readonly unknown: undefined }
  | { readonly items: undefined; readonly unknown: string };

/**
 * What the archive leaves on the node, told by its own specification and mount points, and by the pod's where that is
 * known: it calls volumes by their names. A few headers and small files are read. A capture never fails because of it.
 */
export async function leftOnNode(
  file: CheckpointFile,
  pod: PodInfo | undefined,
  container: string,
  signal: AbortSignal,
): Promise<LeftOnNode> {
  const { Checkpoint } = await import('../../checkpoint/checkpoint.js');
  const { notHeld } = await import('../../checkpoint/not-held.js');
  try {
    // the descriptor is the file's, and stays open
    const source = { ...descriptorSource(file.handle.fd, file.size, file.name), close: async () => {} };
    const archive = await openArchiveSource(source, file.name, { signal });
    const items = await notHeld(new Checkpoint(archive));
    if (items === undefined) return { items, unknown: 'the archive has no spec.dump' };
    return { items: items.map((item) => named(item, pod, container)), unknown: undefined };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { items: undefined, unknown: error instanceof Error ? error.message : String(error) };
  }
}

/** With the names that the pod has for it: of its volume and claim, and of the image with its digest. */
function named(item: NotHeld, pod: PodInfo | undefined, container: string): NotHeld {
  const own = pod?.containers.find(({ name }) => name === container);
  if (item.kind === 'image') {
    // `docker.io/library/redis@sha256:...`, or an ID alone
    const digest = own?.imageID?.split('@').at(-1);
    return own?.image && digest ? { ...item, name: `${own.image} ${digest}` } : item;
  }
  const mount = own?.volumeMounts.find(({ path }) => path.replace(/\/+$/, '') === item.path);
  const volume = pod?.volumes.find(({ name }) => name === mount?.volume);
  if (volume === undefined) return item;
  const kind = volume.inMemory ? `${volume.kind} in memory` : volume.kind;
  const claim = volume.kind === 'persistentVolumeClaim' && volume.of !== null ? ` (${volume.of})` : '';
  return { ...item, kind: 'volume', name: `${kind} ${volume.name}${claim}` };
}

const WORDS: Readonly<Record<NotHeld['kind'], string>> = {
  image: "the image's own layers",
  volume: 'volume',
  'host path': 'path of the node',
  'shared memory': 'shared memory of the pod',
  'engine file': 'file of kubelet and runtime',
  tmpfs: 'tmpfs',
  'block device': 'block device',
};

/** A line for each of them, for people. */
export function notHeldFields({ items, unknown }: LeftOnNode): readonly Field[] {
  if (items === undefined) return [['not held', `not known: ${unknown}`]];
  return items.map(({ kind, path, name, hostPaths }) => {
    const [first, ...more] = hostPaths;
    const where =
      first === undefined ? '' : `: ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`;
    return ['not held', `${path}, ${WORDS[kind]}${name === null ? '' : ` ${name}`}${where}`];
  });
}
