import { posix, resolve } from 'node:path';
import { NotFoundError, UnsafeError } from '../base/errors.js';
import { formatSize } from '../base/units.js';
import { loadKubeletConfig, rootDirectory } from '../node/config/kubelet.js';
import type { Found } from '../node/host/found.js';
import { HostRoot } from '../node/host/root.js';
import { type Leftovers, lookForLeftovers } from '../node/leftovers/look.js';
import { escapeText } from '../render/escape.js';
import { findCopies } from './checkpoints/copies.js';
import { leftoverRow, type PlaceRow } from './checkpoints/leftover-rows.js';
import { type ArchiveRow, listArchives } from './checkpoints/list.js';
import { type CheckpointsOptions, checkOptions, ruleOf } from './checkpoints/options.js';
import { readKeys } from './identity-options.js';
import { interrupted } from './interrupt.js';
import { printRows } from './output.js';
import { createProgress } from './progress.js';

/** `coldcase node checkpoints`. */
export async function runCheckpoints(options: CheckpointsOptions): Promise<void> {
  checkOptions(options);
  const scene = await openScene(options);
  if (options.seal === true && scene.real !== undefined) {
    const { sealAll } = await import('./checkpoints/seal-all.js');
    await sealAll(scene.real, await scene.archives(), options);
  }
  const refused = options.prune === true ? await pruneAll(scene, options) : undefined;
  if (options.quiet !== true) await print(scene, options);
  if (refused !== undefined) throw refused;
}

/** The checkpoint directory, the places of the engines, and where sealed copies are looked for. */
interface Scene {
  readonly host: HostRoot;
  /** The directory on this machine; undefined when there is none. */
  readonly real: string | undefined;
  readonly sealedIn: readonly string[];
  archives(): Promise<readonly ArchiveRow[]>;
  leftovers(): Promise<Leftovers>;
}

async function openScene(options: CheckpointsOptions): Promise<Scene> {
  const host = await HostRoot.open(options.hostRoot);
  const directory =
    options.checkpointDir ?? posix.join(rootDirectory(await loadKubeletConfig(host)), 'checkpoints');
  // the current directory may be anybody's: it counts only where it was named, or sealed into just now
  const output = options.output ?? (options.seal === true ? '.' : undefined);
  const named = [...(options.sealed ?? []), ...(output === undefined ? [] : [output])];
  const leftovers = (): Promise<Leftovers> =>
    lookForLeftovers(host, {
      checkpointDirectory: directory,
      // they are directories of this machine, whatever the root
      outputs: host.isThisMachine ? named.map((one) => resolve(one)) : [],
    });
  const real = await host.real(directory);
  await requireSomething(real, directory, options, leftovers);
  const sealedIn = [...named, ...(real.ok ? [real.value] : [])];
  return {
    host,
    real: real.ok ? real.value : undefined,
    sealedIn,
    archives: async () => (real.ok ? listArchives(host, directory, await findCopies(sealedIn)) : []),
    leftovers,
  };
}

/** A directory that is not there is an error, unless nobody named it and engines left something elsewhere. */
async function requireSomething(
  real: Found<string>,
  directory: string,
  options: CheckpointsOptions,
  leftovers: () => Promise<Leftovers>,
): Promise<void> {
  if (real.ok) return;
  const elsewhere = real.reason === 'absent' && options.checkpointDir === undefined;
  if (elsewhere && (options.leftovers === true || (await leftovers()).found.length > 0)) return;
  throw new NotFoundError(`the checkpoint directory ${directory}: ${real.why}`, {
    remedy: 'run as root on the node, or name it by --checkpoint-dir',
  });
}

/** Archives, then pieces: what keeps some of the ones keeps none of the others. Returns why something was kept. */
async function pruneAll(scene: Scene, options: CheckpointsOptions): Promise<UnsafeError | undefined> {
  const yes = options.yes === true;
  const rule = ruleOf(options);
  const refusals: UnsafeError[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof UnsafeError)) throw error;
      refusals.push(error);
    }
  };
  const { real } = scene;
  if (real !== undefined && options.leftovers !== true) {
    const { chooseToPrune, prune } = await import('./checkpoints/prune.js');
    const chosen = chooseToPrune(await scene.archives(), rule, new Date());
    const keys = options.identity === undefined ? undefined : await readKeys('the sealed copies', options);
    const progress = createProgress(options);
    await attempt(async () =>
      prune(real, chosen, await findCopies(scene.sealedIn), {
        yes,
        keys,
        signal: interrupted,
        onProgress: progress.report.bind(progress),
        clear: () => progress.clear(),
      }),
    );
  }
  const { pruneLeftovers } = await import('./checkpoints/prune-leftovers.js');
  const { found } = await scene.leftovers();
  await attempt(() => pruneLeftovers(scene.host, found, { olderThan: rule.olderThan, yes }));
  const [first, second] = refusals;
  if (first !== undefined && second !== undefined) first.more.push(second.message);
  return first;
}

async function print(scene: Scene, options: CheckpointsOptions): Promise<void> {
  const now = new Date();
  const { found, unread } = await scene.leftovers();
  for (const { path, why } of unread) {
    process.stderr.write(`coldcase: not looked at: ${escapeText(`${path}: ${why}`)}\n`);
  }
  const rows: readonly PlaceRow[] = [
    ...(await scene.archives()),
    ...found.map((one) => leftoverRow(one, now)),
  ];
  await printRows<PlaceRow>(
    {
      columns: [
        { key: 'time', header: 'TIME' },
        { key: 'what', header: 'WHAT' },
        { key: 'namespace', header: 'NAMESPACE', squeeze: 2 },
        { key: 'pod', header: 'POD', squeeze: 2 },
        { key: 'container', header: 'CONTAINER', squeeze: 2 },
        {
          key: 'size',
          header: 'SIZE',
          align: 'right',
          text: ({ size }) => (size === null ? 'not known' : formatSize(size)),
        },
        {
          key: 'sealed',
          header: 'SEALED COPY',
          text: ({ sealed, what }) => sealed ?? (what === 'archive' ? 'none known' : ''),
          squeeze: 1,
        },
        { key: 'problem', header: 'PROBLEM', squeeze: 1 },
        { key: 'state', header: 'STATE', wide: true },
        { key: 'from', header: 'NAMES FROM', wide: true },
        { key: 'mode', header: 'MODE', wide: true },
        { key: 'path', header: 'PATH', wide: true },
      ],
      rows: rows.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)),
    },
    options,
  );
}
