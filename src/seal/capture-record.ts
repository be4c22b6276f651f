/** A value that JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

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
  readonly node?: { readonly [fact: string]: JsonValue };
  /** UID, labels, owner, image and the like of the pod, by name. */
  readonly podMetadata?: { readonly [fact: string]: JsonValue };
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
  readonly workload?: { readonly [fact: string]: JsonValue };
  /** Milliseconds by phase, such as `checkpoint`, `seal`, `prove`. */
  readonly durations?: { readonly [phase: string]: number };
};

/** What JSON.parse gave, as what it is known to be. */
export function toJsonObject(value: object): { readonly [key: string]: JsonValue } {
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, toJson(field)]));
}

function toJson(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object') return toJsonObject(value);
  throw new TypeError(`no JSON: ${typeof value}`);
}
