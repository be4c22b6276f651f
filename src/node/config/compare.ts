import type { JsonValue } from '../../base/json.js';
import { isObject } from '../../base/json-fields.js';
import { KUBELET_DEFAULTS } from './defaults.js';
import { effective, type KubeletConfiguration } from './kubelet.js';
import { dotted, pointer, valuesOf } from './merge.js';

/** A value that the running kubelet has differently from what its files and flags say. */
export type Difference = {
  readonly pointer: string;
  readonly setting: string;
  /** As the files and flags say; null where they say nothing. */
  readonly found: JsonValue;
  /** As the kubelet itself says in /configz; null where it says nothing. */
  readonly running: JsonValue;
};

/**
 * Compares the configuration as found with /configz. Durations are the same however they are written (`5m` and
 * `5m0s`), zero durations and empty values are defaults, and what nobody set and this tool knows no default of is
 * left out: the kubelet lists all of its fields.
 */
export function compareWithRunning(
  configuration: KubeletConfiguration,
  running: JsonValue,
): readonly Difference[] {
  const found = valuesOf(effective(configuration));
  const differences: Difference[] = [];
  const walk = (a: JsonValue | undefined, b: JsonValue | undefined, path: readonly string[]): void => {
    if (isObject(a) && path.length < 16) {
      const other = isObject(b) ? b : {};
      for (const [key, value] of Object.entries(a)) {
        if (path.length === 0 && (key === 'apiVersion' || key === 'kind')) continue;
        walk(value, Object.hasOwn(other, key) ? other[key] : undefined, [...path, key]);
      }
      if (path.length > 0) {
        for (const key of Object.keys(other)) {
          if (!Object.hasOwn(a, key)) walk(undefined, other[key], [...path, key]);
        }
      }
      return;
    }
    const mine = isUnset(a) ? defaultAt(path) : a;
    if (isUnset(mine) && isUnset(b)) return;
    if (canonical(mine) === canonical(b)) return;
    differences.push({
      pointer: pointer(path),
      setting: dotted(path),
      found: mine ?? null,
      running: b ?? null,
    });
  };
  walk(found, running, []);
  return differences;
}

/** The kubelet takes zero values for unset. */
function isUnset(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === '0s') return true;
  return isObject(value) && Object.keys(value).length === 0;
}

function defaultAt(path: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = KUBELET_DEFAULTS;
  for (const key of path) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

function canonical(value: JsonValue | undefined): string {
  if (typeof value === 'string') {
    const seconds = goDuration(value);
    return seconds === undefined ? JSON.stringify(value) : `${seconds} s`;
  }
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${key}:${canonical(value[key])}`).join()}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  return JSON.stringify(value ?? null);
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** A duration as Go writes it, in seconds; undefined when it is none (`100Mi`, `10%`, a name). */
function goDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit ?? ''] ?? 0);
  }
  return total;
}
