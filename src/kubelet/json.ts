import { JSON_LIMITS, parseJson as parseLimited } from '../base/json.js';

/** An object out of JSON whose fields are not known yet. */
export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = Object.freeze({});

/** The value as an object; an empty one when it is none. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : NONE;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a list; an empty one when it is none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** An object whose values are all strings, such as labels; others are left out. */
export function texts(value: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, one] of Object.entries(fields(value))) if (typeof one === 'string') out[key] = one;
  return out;
}

/** A list of pods may be 32 MiB. */
const LIMITS = { ...JSON_LIMITS, values: 2_000_000 };

/** Parses JSON, or returns undefined when it is none, or none that a kubelet or API server would write. */
export function parseJson(body: string): unknown {
  try {
    return parseLimited('an answer', body, LIMITS);
  } catch {
    return undefined;
  }
}
