import { posix } from 'node:path';
import { isMemory, mountOf } from '../facts/mounts.js';
import type { RuntimeKind } from '../facts/runtime-settings.js';
import type { SpaceFacts } from '../host/root.js';
import { findEngineRoots } from '../leftovers/engine-roots.js';
import type { Examination } from './check.js';

/** A place that a checkpoint writes to, and when: phases that share none are not full at once. */
interface Place {
  readonly what: string;
  readonly path: string;
  /** `dump` while CRIU writes and the engine copies, `pack` while the archive is packed. */
  readonly phases: readonly Phase[];
  /** Whether the changed files of the root file system are among what is written there. */
  readonly holdsFiles: boolean;
}

type Phase = 'dump' | 'pack';

/** How many times the container's memory lies on those file systems at once, at the most. */
export function peakOf(needs: readonly Pick<FileSystemNeed, 'times' | 'fileTimes'>[]): number {
  return mostOf(needs, 1, 0);
}

/** Bytes that lie on those file systems at once, at the most, of a container with so much memory and so many changed files. */
export function mostOf(
  needs: readonly Pick<FileSystemNeed, 'times' | 'fileTimes'>[],
  memory: number,
  changed: number,
): number {
  const sum = (phase: Phase): number =>
    needs.reduce(
      (total, { times, fileTimes }) => total + memory * times[phase] + changed * fileTimes[phase],
      0,
    );
  return Math.max(sum('dump'), sum('pack'));
}

/** A file system with everything that a checkpoint writes to it. */
export interface FileSystemNeed {
  /** The path of the first place on it. */
  readonly path: string;
  readonly places: readonly string[];
  /** How many times the container's memory lies there at once, in each phase. */
  readonly times: Readonly<Record<Phase, number>>;
  /** How many times its changed files do. */
  readonly fileTimes: Readonly<Record<Phase, number>>;
  readonly holdsArchive: boolean;
  readonly holdsImages: boolean;
  readonly inMemory: boolean;
  readonly space: SpaceFacts | undefined;
  /** Why its space is not known. */
  readonly unknown: string | undefined;
}

/**
 * Where a checkpoint lies on its way, measured on containerd 2.1.9 with 704 MiB of memory: CRIU's images in the
 * temporary directory, and their copy in the content store; then the temporary directory is emptied, and the content
 * store, the unpacked checkpoint beside the container's state, and the archive are full at once. CRI-O 1.37 keeps the
 * images beside the container's files while it packs them.
 */
async function placesOf({ host, runtime, checkpointDirectory }: Examination): Promise<readonly Place[]> {
  const roots = await findEngineRoots(host);
  const archive: Place = {
    what: 'the archive',
    path: checkpointDirectory,
    phases: ['pack'],
    holdsFiles: true,
  };
  const kind: RuntimeKind = runtime.kind;
  if (kind === 'containerd') {
    const [root = '/var/lib/containerd'] = roots.containerd;
    const [temporary = '/tmp'] = roots.temporary;
    return [
      { what: "CRIU's images", path: temporary, phases: ['dump'], holdsFiles: false },
      {
        what: 'the content store',
        path: posix.join(root, CONTENT),
        phases: ['dump', 'pack'],
        holdsFiles: true,
      },
      { what: 'the unpacked checkpoint', path: posix.join(root, STATE), phases: ['pack'], holdsFiles: true },
      archive,
    ];
  }
  if (kind === 'cri-o') {
    const [root = '/var/lib/containers/storage'] = roots.storage;
    return [{ what: "CRIU's images", path: root, phases: ['dump', 'pack'], holdsFiles: true }, archive];
  }
  // another runtime: at least once as images, and once as the archive
  return [
    { what: "CRIU's images", path: checkpointDirectory, phases: ['dump', 'pack'], holdsFiles: true },
    archive,
  ];
}

const CONTENT = 'io.containerd.content.v1.content';
const STATE = 'io.containerd.grpc.v1.cri';

/** The places of a checkpoint by the file systems that they lie on; that of the archive is the last. */
export async function spaceNeeds(examination: Examination): Promise<readonly FileSystemNeed[]> {
  const groups = new Map<string, Place[]>();
  for (const place of await placesOf(examination)) {
    const key = await fileSystemOf(examination, place.path);
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  const needs: FileSystemNeed[] = [];
  for (const places of groups.values()) needs.push(await needOf(examination, places));
  return needs.sort((a, b) => Number(a.holdsArchive) - Number(b.holdsArchive));
}

async function needOf(examination: Examination, places: readonly Place[]): Promise<FileSystemNeed> {
  const count = (some: readonly Place[]): Readonly<Record<Phase, number>> => ({
    dump: some.filter(({ phases }) => phases.includes('dump')).length,
    pack: some.filter(({ phases }) => phases.includes('pack')).length,
  });
  const holdsArchive = places.some(({ path }) => path === examination.checkpointDirectory);
  const path = (holdsArchive ? examination.checkpointDirectory : places[0]?.path) ?? '/';
  const space = await examination.host.space(path);
  return {
    path,
    places: places.map(({ what }) => what),
    times: count(places),
    fileTimes: count(places.filter(({ holdsFiles }) => holdsFiles)),
    holdsArchive,
    holdsImages: places.some(({ what }) => what === "CRIU's images"),
    inMemory: await isInMemory(examination, path, space.ok ? space.value : undefined),
    space: space.ok ? space.value : undefined,
    unknown: space.ok ? undefined : space.why,
  };
}

/** What tells one file system from another: its device, by the mounts, which a foreign root has too. */
async function fileSystemOf({ host, mounts }: Examination, path: string): Promise<string> {
  const mount = mounts.ok ? mountOf(mounts.value, await host.nearest(path)) : undefined;
  if (mount !== undefined) return mount.device === '' ? mount.point : mount.device;
  for (let at = posix.normalize(path); ; at = posix.dirname(at)) {
    const facts = await host.stat(at);
    if (facts.ok) return String(facts.value.device);
    if (at === posix.dirname(at)) return path;
  }
}

/** Magic numbers of statfs(2) for tmpfs and ramfs. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

async function isInMemory(
  { host, mounts }: Examination,
  path: string,
  space: SpaceFacts | undefined,
): Promise<boolean> {
  const mount = mounts.ok ? mountOf(mounts.value, await host.nearest(path)) : undefined;
  return mount === undefined ? MEMORY_TYPES.has(space?.type ?? 0) : isMemory(mount.type);
}
