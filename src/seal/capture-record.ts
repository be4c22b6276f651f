import type { JsonObject } from '../base/json.js';

/**
 * How an archive came to be, as far as the one who captured it knows. Stored in the sealed file's index and in
 * the manifest, so it holds no secret of the container: no environment, no arguments, no token.
 *
 * Times are ISO 8601 UTC, durations milliseconds. What is not known is absent.
 */
export type CaptureRecord = {
  /** Version of coldcase that captured. */
  readonly toolVersion: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** The kubelet or API server that was asked, without credentials: `https://127.0.0.1:10250`. */
  readonly endpoint: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly request?: { readonly method: string; readonly path: string; readonly timeoutSeconds?: number };
  /** What the kubelet answered: HTTP status, and the archives' paths on the node. */
  readonly answer?: { readonly status: number; readonly items: readonly string[] };
  /** Kernel, architecture, versions of kubelet, runtime, CRIU: by name. */
  readonly node?: JsonObject;
  /** UID, labels, owner, image and the like of the pod, by name. */
  readonly podMetadata?: JsonObject;
  /**
   * What the archive does not hold, and where the node has it: volumes, host paths, the image's layers. Paths and
   * names only. Absent when that is not known.
   */
  readonly notHeld?: readonly {
    readonly kind: string;
    /** In the container. */
    readonly path: string;
    readonly name: string | null;
    readonly hostPaths: readonly string[];
  }[];
  /** Whether the container ran before and after, its ID and restart count, how long it was seen frozen. */
  readonly workload?: JsonObject;
  /** Milliseconds by phase, such as `checkpoint`, `seal`, `prove`. */
  readonly durations?: { readonly [phase: string]: number };
};
