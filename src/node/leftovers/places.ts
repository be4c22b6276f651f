import { posix } from 'node:path';
import type { HostRoot } from '../host/root.js';
import { findEngineRoots } from './engine-roots.js';

/** What wrote a piece of a checkpoint. */
export type LeftoverEngine = 'containerd' | 'cri-o' | 'coldcase';

/** Stable words for scripts: the place that a piece lies in. */
export type LeftoverKind =
  | 'criu-images'
  | 'content-ingest'
  | 'content-blob'
  | 'container-state'
  | 'container-userdata'
  | 'archive-partial'
  | 'coldcase-partial';

/** What a place is, and whether what lies there may be removed by its name. */
export interface PlaceFacts {
  readonly engine: LeftoverEngine;
  readonly what: string;
  /** Undefined when removing the name is right; else who has to remove it, and how. */
  readonly removedBy: string | undefined;
}

/**
 * Where engines keep a checkpoint on its way into the archive, and what stays when they are killed or the disk is
 * full. Names from the sources: containerd plugins/services/tasks/local.go (MkdirTemp "ctrd-checkpoint"), its
 * content store plugins/content/local/store.go (ingest/DIGEST/{ref,data}), internal/cri/server/container_checkpoint_linux.go
 * (ctrd-checkpoint of the container; `.checkpoint-tmp-*` beside the archive since 2.4); CRI-O internal/lib/checkpoint.go.
 */
export const PLACES: Readonly<Record<LeftoverKind, PlaceFacts>> = {
  'criu-images': {
    engine: 'containerd',
    what: "CRIU's images",
    removedBy: undefined,
  },
  'content-ingest': {
    engine: 'containerd',
    what: 'a copy on its way into the content store',
    removedBy: undefined,
  },
  'content-blob': {
    engine: 'containerd',
    what: "CRIU's images in the content store",
    removedBy:
      'containerd, once no image and no lease of its names it: ctr -n k8s.io images ls, images rm containerd.io/checkpoint/...; leases ls, leases rm',
  },
  'container-state': {
    engine: 'containerd',
    what: 'the unpacked checkpoint',
    removedBy: undefined,
  },
  'container-userdata': {
    engine: 'cri-o',
    what: 'a piece of the checkpoint',
    removedBy: undefined,
  },
  'archive-partial': {
    engine: 'containerd',
    what: 'an archive that was not finished',
    removedBy: undefined,
  },
  'coldcase-partial': {
    engine: 'coldcase',
    what: 'a file that coldcase did not finish',
    removedBy: undefined,
  },
};

/** Something in one of the places, not looked at yet. */
export interface Candidate {
  /** Inside the host root; links on the way are not resolved. */
  readonly path: string;
  readonly kind: LeftoverKind;
  /** What is odd about it, and keeps it from being removed. */
  readonly doubt?: string;
}

/** A place that could not be looked into. */
export interface UnreadPlace {
  readonly path: string;
  readonly why: string;
}

/** Directories to look into besides those of the engines. */
export interface OwnDirectories {
  /** Inside the host root. */
  readonly checkpointDirectory?: string | undefined;
  /** Where coldcase writes sealed files. Inside the host root. */
  readonly outputs?: readonly string[];
}

/** What one place yields at most; what goes beyond is said. */
const MAX_EACH = 256;
const TAR_BLOCK = 512;
/** A name that `removeLeftover` gave, and did not come to remove. */
const ASIDE = String.raw`(?:\.coldcase-[0-9a-f]{12})?`;

/** Everything in the places. Each is bounded; hostile names of other users in /tmp are told by their owner later. */
export async function findCandidates(
  host: HostRoot,
  own: OwnDirectories,
): Promise<{ readonly candidates: readonly Candidate[]; readonly unread: readonly UnreadPlace[] }> {
  const search = new Search(host);
  const roots = await findEngineRoots(host);
  for (const directory of roots.temporary) await temporary(search, directory);
  for (const root of roots.containerd) {
    await ingests(search, posix.join(root, 'io.containerd.content.v1.content/ingest'));
    await blobs(search, posix.join(root, 'io.containerd.content.v1.content/blobs/sha256'));
    await containerStates(search, posix.join(root, 'io.containerd.grpc.v1.cri/containers'));
  }
  for (const root of roots.storage) await userdata(search, root);
  await ownFiles(search, own);
  return { candidates: search.candidates(), unread: search.unread };
}

class Search {
  readonly unread: UnreadPlace[] = [];
  readonly #found = new Map<string, Candidate>();

  constructor(readonly host: HostRoot) {}

  /** The names in a directory that fit; none when it is not there. */
  async names(directory: string, pattern: RegExp, most = MAX_EACH): Promise<readonly string[]> {
    const names = await this.host.list(directory);
    if (!names.ok) {
      if (names.reason !== 'absent') this.unread.push({ path: directory, why: names.why });
      return [];
    }
    const fitting = names.value.filter((name) => pattern.test(name));
    if (fitting.length > most) {
      this.unread.push({ path: directory, why: `${fitting.length - most} more that were not looked at` });
    }
    return fitting.slice(0, most);
  }

  /** Two ways to one directory, by a link, give one candidate. */
  async add(candidate: Candidate): Promise<void> {
    const resolved = await this.host.resolve(candidate.path, { follow: false });
    if (resolved.ok) this.#found.set(resolved.value, { ...candidate, path: resolved.value });
  }

  candidates(): readonly Candidate[] {
    return [...this.#found.values()];
  }
}

/** How many of other users are named: enough to see who does it, too few to hide root's among. */
const MAX_STRANGERS = 8;

/** os.MkdirTemp puts digits behind; what root calls otherwise is root's own. */
const IMAGES = new RegExp(String.raw`^ctrd-checkpoint\d+${ASIDE}$`);

async function temporary(search: Search, directory: string): Promise<void> {
  let strangers = 0;
  for (const name of await search.names(directory, IMAGES, 65_536)) {
    const path = posix.join(directory, name);
    const facts = await search.host.stat(path, { follow: false });
    if (!facts.ok) continue;
    if (facts.value.uid !== 0) strangers += 1;
    if (facts.value.uid === 0 || strangers <= MAX_STRANGERS) await search.add({ path, kind: 'criu-images' });
  }
  if (strangers > MAX_STRANGERS) {
    const why = `${strangers - MAX_STRANGERS} more ctrd-checkpoint* of other users than root`;
    search.unread.push({ path: directory, why });
  }
}

/**
 * The reference of a writer is `NAMESPACE/NUMBER/NAME`; for a checkpoint NAME is the path of the directory with the
 * images, or `checkpoint-rw-` and the key of the container's file system (client/task.go).
 */
const CHECKPOINT_REF = /\/ctrd-checkpoint\d*(?:\/spec)?$|(?:^|\/)checkpoint-rw-/;

async function ingests(search: Search, directory: string): Promise<void> {
  const names = await search.names(directory, new RegExp(`^[0-9a-f]{64}${ASIDE}$`), 65_536);
  for (const name of names) {
    const path = posix.join(directory, name);
    const ref = await search.host.readText(posix.join(path, 'ref'), 4096);
    if (ref.ok && CHECKPOINT_REF.test(ref.value.trim())) await search.add({ path, kind: 'content-ingest' });
    else if (!ref.ok && ref.reason === 'denied') search.unread.push({ path, why: ref.why });
  }
}

/** A checkpoint that is in the content store is a tar of CRIU's images; its first file tells. */
async function blobs(search: Search, directory: string): Promise<void> {
  for (const name of await search.names(directory, /^[0-9a-f]{64}$/, 65_536)) {
    const path = posix.join(directory, name);
    const start = await search.host.readStart(path, TAR_BLOCK);
    if (start.ok && beginsWithImage(start.value)) await search.add({ path, kind: 'content-blob' });
  }
}

function beginsWithImage(block: Buffer): boolean {
  if (block.length < TAR_BLOCK || block.toString('latin1', 257, 262) !== 'ustar') return false;
  const name = block.toString('latin1', 0, Math.max(0, block.indexOf(0)));
  return /^(?:\.\/)?[a-z0-9-]+\.img$/.test(name);
}

async function containerStates(search: Search, directory: string): Promise<void> {
  for (const id of await search.names(directory, CONTAINER_ID, 65_536)) {
    const state = posix.join(directory, id);
    for (const name of await search.names(state, new RegExp(`^ctrd-checkpoint${ASIDE}$`))) {
      await search.add({ path: posix.join(state, name), kind: 'container-state' });
    }
  }
}

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** What CRI-O writes beside its own files of a container, and removes when all went well. */
const USERDATA = new RegExp(
  `^(?:checkpoint|rootfs-diff\\.tar|deleted\\.files|config\\.dump|spec\\.dump|dump\\.log|stats-dump|io\\.kubernetes\\.cri-o\\.LogPath)${ASIDE}$`,
);

async function userdata(search: Search, root: string): Promise<void> {
  for (const layers of await search.names(root, /^[a-z0-9]+-containers$/)) {
    for (const id of await search.names(posix.join(root, layers), CONTAINER_ID, 65_536)) {
      const directory = posix.join(root, layers, id, 'userdata');
      const names = await search.names(directory, USERDATA);
      if (names.length === 0) continue;
      const doubt = await whoseContainer(search.host, directory);
      if (doubt === 'podman') continue;
      for (const name of names) {
        await search.add({
          path: posix.join(directory, name),
          kind: 'container-userdata',
          ...(doubt === undefined ? {} : { doubt }),
        });
      }
    }
  }
}

/** Podman shares the storage, and keeps the images of a stopped container there on purpose: to restore it. */
async function whoseContainer(host: HostRoot, directory: string): Promise<string | undefined> {
  const spec = await host.readText(posix.join(directory, 'config.json'));
  if (spec.ok && spec.value.includes('"io.kubernetes.cri-o.')) return undefined;
  if (spec.ok && /"io\.container\.manager":\s*"libpod"/.test(spec.value)) return 'podman';
  return 'whether CRI-O or Podman keeps it there is not known';
}

/** `createAside` of src/base/write-aside.ts gives these names; `.checkpoint-tmp-` is containerd's. */
const PARTIAL = /^\..+\.[0-9a-f]{12}\.partial$/;

async function ownFiles(search: Search, own: OwnDirectories): Promise<void> {
  const { checkpointDirectory, outputs = [] } = own;
  const archives = checkpointDirectory === undefined ? [] : [checkpointDirectory];
  for (const directory of archives) {
    for (const name of await search.names(directory, new RegExp(`^\\.checkpoint-tmp-\\d+${ASIDE}$`))) {
      await search.add({ path: posix.join(directory, name), kind: 'archive-partial' });
    }
  }
  for (const directory of new Set([...archives, ...outputs])) {
    for (const name of await search.names(directory, PARTIAL)) {
      await search.add({ path: posix.join(directory, name), kind: 'coldcase-partial' });
    }
  }
}
