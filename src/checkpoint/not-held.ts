import { FormatError } from '../base/errors.js';
import type { Checkpoint } from './checkpoint.js';
import { hostPathOf, type Mount } from './mounts.js';
import type { OciSpec, SpecMount } from './spec.js';

/** Something of a container that its checkpoint does not hold, and where the node has it. Text is untrusted. */
export type NotHeld = {
  /**
   * `image`: the layers of the image. `volume`: of the kubelet (emptyDir, secret, claim). `host path`: another bind
   * mount. `shared memory`: /dev/shm. `engine file`: what kubelet and engine put there, such as /etc/hosts. `tmpfs`:
   * one that CRIU did not pack. `file system`: another one that was mounted, such as NFS. `block device`: a raw volume.
   */
  readonly kind:
    | 'image'
    | 'volume'
    | 'host path'
    | 'shared memory'
    | 'engine file'
    | 'tmpfs'
    | 'file system'
    | 'block device';
  /** Where the container has it. */
  readonly path: string;
  /**
   * Of an image its name and digest, of a volume its kind and name, of a file system its type and source, of a device its
   * number; null where unknown.
   */
  readonly name: string | null;
  /** On the node; of an image its layers, the uppermost first. Empty where the archive does not tell. */
  readonly hostPaths: readonly string[];
};

/** Characters of all of it together at most: a record of a capture holds it, and real ones have a few thousand. */
const MOST = 512 << 10;

/**
 * What a checkpoint leaves on the node. CRIU does not dump what the engine mounts from outside (bind mounts: volumes,
 * host paths, the pod's /dev/shm), and the archive has only the changes of the root file system, not the image. Podman
 * packs /dev/shm and its volumes beside the images; containerd and CRI-O do not. tmpfs that was mounted for the
 * container alone is held; any other file system that the engine mounted has its content elsewhere. What the container
 * mounted itself is not looked at.
 *
 * @returns undefined when the archive has no spec.dump: then it is not known
 * @throws FormatError when spec.dump or the mount points are damaged, or name more than any container has
 */
export async function notHeld(checkpoint: Checkpoint): Promise<readonly NotHeld[] | undefined> {
  const container = await checkpoint.container();
  const { spec } = container;
  if (spec === undefined) return undefined;
  const { archive } = checkpoint;
  const mounts = await checkpoint.mounts();
  const found: NotHeld[] = [];
  const image = [container.image, container.imageId].filter((text) => text !== undefined && text !== '');
  found.push({ kind: 'image', path: '/', name: image.join(' ') || null, hostPaths: layersOf(mounts, spec) });
  const packedShm = (await archive.find('devshm-checkpoint.tar')) !== undefined;
  for (const mount of mounts) {
    const hostPath = hostPathOf(mount);
    const path = mount.destination;
    if (hostPath !== undefined) {
      if (path === '/dev/shm' && packedShm) continue;
      const packed = /\/volumes\/([^/]+)\/_data$/.exec(hostPath)?.[1];
      if (packed !== undefined && (await archive.find(`volumes/${packed}.tar`)) !== undefined) continue;
      const hostPaths = hostPath === '' ? [] : [hostPath];
      found.push({ ...kindOf(path, hostPath), path, hostPaths });
    } else if (mount.asked?.type === 'tmpfs') {
      if (!(await isPacked(checkpoint, mount)))
        found.push({ kind: 'tmpfs', path, name: null, hostPaths: [] });
    } else if (mount.asked !== undefined && !KERNEL_MADE.has(mount.asked.type)) {
      found.push({ kind: 'file system', path, ...fileSystemOf(mount.asked) });
    }
  }
  for (const { path, type, major, minor } of spec.devices) {
    if (type === 'b') found.push({ kind: 'block device', path, name: `${major}:${minor}`, hostPaths: [] });
  }
  // the same mount may be in several namespaces
  const distinct = new Map(found.map((one) => [JSON.stringify([one.path, one.hostPaths]), one]));
  if ([...distinct.keys()].reduce((sum, { length }) => sum + length, 0) > MOST) {
    throw new FormatError('spec.dump', undefined, 'it has more mounts than any container');
  }
  return [...distinct.values()];
}

/** File systems whose content the kernel makes up: nothing of them lies anywhere. */
const KERNEL_MADE: ReadonlySet<string> = new Set([
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'devtmpfs', 'mqueue', 'binfmt_misc', 'nsfs'],
  ...['securityfs', 'debugfs', 'tracefs', 'configfs', 'efivarfs', 'fusectl', 'pstore', 'selinuxfs'],
]);

/** What the engine mounted, and where the node has it, as far as a path says so: a device, or directories of an overlay. */
function fileSystemOf({ type, source, options }: SpecMount): Pick<NotHeld, 'name' | 'hostPaths'> {
  const layers = type === 'overlay' ? overlayPaths(options, true) : [];
  const hostPaths = source.startsWith('/') ? [source] : layers;
  const from = hostPaths.length > 0 || source === '' || source === type ? '' : ` ${source}`;
  return { name: `${type || 'of no type'}${from}`, hostPaths };
}

/** The lower directories of the root's overlay; without one, where the engine had put the root together. */
function layersOf(mounts: readonly Mount[], spec: OciSpec): readonly string[] {
  const root = mounts.find(({ destination }) => destination === '/');
  if (root?.options.some((option) => LOWER.test(option)) === true) return overlayPaths(root.options, false);
  return spec.rootfs?.startsWith('/') === true ? [spec.rootfs] : [];
}

const LOWER = /^(?:lowerdir\+?|datadir\+)=/;

/**
 * The directories of an overlay on the node, the uppermost first. Engines name those of very many layers from where they
 * keep them, `10/fs:9/fs`, with upper and working directory beside them: `.../snapshots/18/fs`. Where neither tells that
 * place, relative ones are left out.
 */
function overlayPaths(options: readonly string[], withUpper: boolean): readonly string[] {
  const value = (key: string): string | undefined =>
    options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const upper = value('upperdir');
  const beside = [upper, value('workdir')].find((path) => path?.startsWith('/') === true)?.split('/');
  const lower = options
    .filter((option) => LOWER.test(option))
    // a colon or a comma in a path is escaped by a backslash
    .flatMap((option) => option.replace(LOWER, '').split(/(?<!\\):/))
    .map((path) => path.replace(/\\([:,\\])/g, '$1'))
    .filter((path) => path !== '');
  return [...(withUpper && upper !== undefined ? [upper] : []), ...lower].flatMap((path) => {
    if (path.startsWith('/')) return [path];
    const parts = path.split('/');
    const store = beside?.slice(0, -parts.length);
    return store === undefined || store.length < 2 || parts.includes('..')
      ? []
      : [[...store, ...parts].join('/')];
  });
}

/** What the kubelet calls a volume's plugin in its paths, and what the pod's specification calls it. */
const PLUGINS: Readonly<Record<string, string>> = {
  'empty-dir': 'emptyDir',
  configmap: 'configMap',
  'downward-api': 'downwardAPI',
  'local-volume': 'local',
};

/** Files that no specification asks for, and by what part of the path on the node they are known. */
const ENGINE_FILES: ReadonlySet<string> = new Set([
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/run/.containerenv',
  '/dev/termination-log',
]);
const ENGINE_PATHS =
  /\/pods\/[^/]+\/(etc-hosts$|containers\/)|\/sandboxes\/[0-9a-f]+\/|\/overlay-containers\/[0-9a-f]+\//;

/** The kernel takes no longer path (PATH_MAX); expressions are not tried on one that is made up. */
const LONGEST_PATH = 4096;

function kindOf(path: string, hostPath: string): Pick<NotHeld, 'kind' | 'name'> {
  if (hostPath.length > LONGEST_PATH) return { kind: 'host path', name: null };
  const [, plugin, volume] = /\/pods\/[^/]+\/volumes\/(?:[^/]*~)?([^/]+)\/([^/]+)/.exec(hostPath) ?? [];
  if (plugin !== undefined && volume !== undefined) {
    return { kind: 'volume', name: `${PLUGINS[plugin] ?? plugin} ${volume}` };
  }
  const subPath = /\/pods\/[^/]+\/volume-subpaths\/([^/]+)\//.exec(hostPath)?.[1];
  if (subPath !== undefined) return { kind: 'volume', name: `part of ${subPath}` };
  if (path === '/dev/shm') return { kind: 'shared memory', name: null };
  if (ENGINE_FILES.has(path) && ENGINE_PATHS.test(hostPath)) return { kind: 'engine file', name: null };
  return { kind: 'host path', name: null };
}

/** CRIU packs a tmpfs by the number of its device, which for a tmpfs is the minor one. */
async function isPacked({ images }: Checkpoint, { device }: Mount): Promise<boolean> {
  const minor = device?.split(':')[1];
  return minor !== undefined && (await images.entry(`tmpfs-dev-${minor}.tar.gz`)) !== undefined;
}
