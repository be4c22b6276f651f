import type { EmbeddedState } from './answers.js';

/** What stands for the kernel: how the processes of a container are made to stand still. */
export interface EmbeddedFreezer {
  freeze(): void;
  thaw(): void;
  /** CRIU begins or ceases to trace them. */
  trace(on: boolean): void;
}

/** How long after its answer a containerd that was out of time is done with CRIU, in milliseconds (70 to 1200 were seen). */
const LATE = 300;

export interface EmbeddedEngineOptions {
  readonly kind: 'containerd' | 'cri-o';
  /** The container's ID in the engine's words. */
  readonly id: (container: string) => string;
  readonly freezer?: (container: string) => EmbeddedFreezer | undefined;
  /** Seconds of the engine's own clock that a dump takes: nothing is waited for. */
  readonly takes?: (container: string) => number;
  /** In the middle of a dump, while CRIU traces the container. */
  readonly midway?: (container: string) => Promise<void>;
  /** Writes the archive, the beginning of it when it is to be truncated, and returns its path. */
  readonly write: (
    namespace: string,
    pod: string,
    container: string,
    truncated: boolean,
  ) => string | Promise<string>;
}

/**
 * How containerd 2.1.9 and CRI-O 1.37 checkpoint, as far as others see it: CRIU traces the processes, then they are
 * frozen until the images are copied. When the kubelet's time ends under CRIU, containerd answers at once, and a moment
 * later leaves the container frozen for good. A second checkpoint of the same container spoils both.
 */
export function embeddedEngine(options: EmbeddedEngineOptions): EmbeddedState['checkpoint'] {
  /** The dumps at work, by container; true once another came in between. */
  const atWork = new Map<string, { spoilt: boolean }>();
  return async (namespace, pod, container, timeout) => {
    const other = atWork.get(container);
    if (other !== undefined) {
      other.spoilt = true;
      throw new Error(await secondAnswer(options, namespace, pod, container));
    }
    const dump = { spoilt: false };
    atWork.set(container, dump);
    const freezer = options.freezer?.(container);
    try {
      freezer?.trace(true);
      await options.midway?.(container);
      if (BigInt(Math.ceil(options.takes?.(container) ?? 0)) > timeout) {
        setTimeout(() => {
          freezer?.trace(false);
          if (options.kind === 'containerd') freezer?.freeze();
        }, LATE);
        throw new Error('rpc error: code = DeadlineExceeded desc = context deadline exceeded');
      }
      freezer?.trace(false);
      freezer?.freeze();
      freezer?.thaw();
      if (dump.spoilt) throw new Error(await firstAnswer(options, namespace, pod, container));
      return await options.write(namespace, pod, container, false);
    } finally {
      atWork.delete(container);
    }
  };
}

/** What the one who came second is told: by containerd's content store, by CRIU under crun. */
async function secondAnswer(
  { kind, id, write }: EmbeddedEngineOptions,
  ...[namespace, pod, container]: readonly [string, string, string]
): Promise<string> {
  const its = id(container);
  if (kind === 'containerd') {
    const ref = `checkpoint-rw-${its}`;
    return `rpc error: code = Unavailable desc = checkpointing container "${its}" failed: ref ${ref} locked for 1.5s (since 2026-11-23 16:25:48.1 +0000 UTC m=+12.3): unavailable`;
  }
  await write(namespace, pod, container, true);
  return crunFailed(its);
}

/** What the one who came first is told then: its directory was removed under it, or CRIU could not stop the tasks. */
async function firstAnswer(
  { kind, id, write }: EmbeddedEngineOptions,
  ...[namespace, pod, container]: readonly [string, string, string]
): Promise<string> {
  const its = id(container);
  if (kind === 'containerd') {
    const path = `/var/lib/containerd/io.containerd.grpc.v1.cri/containers/${its}/ctrd-checkpoint/status`;
    return `rpc error: code = Unknown desc = open ${path}: no such file or directory`;
  }
  await write(namespace, pod, container, true);
  return crunFailed(its);
}

/** The words of crun and of CRIU 4.2.1, as two `crun checkpoint` of one container at once leave them. */
function crunFailed(id: string): string {
  const log = `/var/lib/containers/storage/overlay-containers/${id}/userdata/dump.log`;
  return [
    `rpc error: code = Unknown desc = failed to checkpoint container ${id}: running "/usr/bin/crun" ["checkpoint" "--leave-running" "${id}"] failed: exit status 1`,
    `--- excerpt from CRIU log ${log}`,
    '(00.117236) Warn  (compel/src/lib/infect.c:132): Unable to interrupt task: 32004 (Operation not permitted)',
    '(10.117139) Error (criu/cr-dump.c:1655): Timeout reached. Try to interrupt: 0',
    '(10.117607) Error (criu/cr-dump.c:1975): Dumping FAILED.',
    '--- end of excerpt',
  ].join('\n');
}
