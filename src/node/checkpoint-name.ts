/** What the name of an archive tells: the kubelet makes it `checkpoint-<pod>_<namespace>-<container>-<time>.tar`. */
export interface CheckpointName {
  readonly pod: string;
  /** Every way to read it: namespaces and containers may hold dashes too. */
  readonly readings: readonly { readonly namespace: string; readonly container: string }[];
  /** RFC 3339, in the node's zone. */
  readonly time: string;
}

const NAME =
  /^checkpoint-([a-z0-9][a-z0-9.-]*)_([a-z0-9-]+)-(\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))\.tar$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a name; undefined when it is none of the kubelet's. */
export function parseCheckpointName(name: string): CheckpointName | undefined {
  const match = NAME.exec(name);
  const [, pod, rest, time] = match ?? [];
  if (pod === undefined || rest === undefined || time === undefined) return undefined;
  const readings = [...rest.matchAll(/-/g)]
    .map(({ index }) => ({ namespace: rest.slice(0, index), container: rest.slice(index + 1) }))
    .filter(({ namespace, container }) => LABEL.test(namespace) && LABEL.test(container));
  return readings.length === 0 ? undefined : { pod, readings, time };
}
