import type { Pattern } from './pattern.js';

/** A match in a window: offset of its first byte there, and length in bytes. */
export interface Hit {
  readonly offset: number;
  readonly length: number;
}

/** What a scan of a window came to. */
export interface ScanResult {
  readonly hits: readonly Hit[];
  /** Where to go on in the window when `limit` hits were found before its end; undefined when it is done. */
  readonly resume: number | undefined;
}

/** Runs one pattern over windows of bytes. */
export interface Scanner {
  /**
   * Matches that begin in [from, to) of the window, in ascending order and without overlap; they may end behind
   * `to`, and look at what is before `from`.
   *
   * @param limit - stop after so many hits
   */
  scan(window: Buffer, from: number, to: number, limit: number): ScanResult;
}

export function createScanner(pattern: Pattern): Scanner {
  if (pattern.kind === 'regex') return regexScanner(new RegExp(pattern.source, pattern.flags));
  return bytesScanner(pattern.needles.map((needle) => Buffer.from(needle, 'latin1')));
}

function regexScanner(regex: RegExp): Scanner {
  return {
    scan(window, from, to, limit) {
      const text = window.toString('latin1');
      const hits: Hit[] = [];
      regex.lastIndex = from;
      for (let match = regex.exec(text); match !== null && match.index < to; match = regex.exec(text)) {
        const length = match[0].length;
        if (length === 0) {
          // a lookaround alone can match nothing; there is nothing to report, and the search must move on
          regex.lastIndex += 1;
          continue;
        }
        hits.push({ offset: match.index, length });
        if (hits.length === limit) return { hits, resume: regex.lastIndex };
      }
      return { hits, resume: undefined };
    },
  };
}

function bytesScanner(needles: readonly Buffer[]): Scanner {
  return {
    scan(window, from, to, limit) {
      const hits: Hit[] = [];
      const next = needles.map((needle) => indexOf(window, needle, from, to));
      for (;;) {
        let best = -1;
        for (const [i, at] of next.entries()) {
          if (at !== -1 && (best === -1 || at < (next[best] ?? 0))) best = i;
        }
        const needle = needles[best];
        const offset = next[best];
        if (needle === undefined || offset === undefined) return { hits, resume: undefined };
        hits.push({ offset, length: needle.length });
        const behind = offset + needle.length;
        if (hits.length === limit) return { hits, resume: behind };
        for (const [i, at] of next.entries()) {
          const other = needles[i];
          if (other !== undefined && at !== -1 && at < behind) next[i] = indexOf(window, other, behind, to);
        }
      }
    },
  };
}

/** First occurrence that begins in [from, to), or -1. */
function indexOf(window: Buffer, needle: Buffer, from: number, to: number): number {
  if (from >= to) return -1;
  const at = window.indexOf(needle, from);
  return at < to ? at : -1;
}
