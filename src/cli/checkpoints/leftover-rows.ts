import { posix } from 'node:path';
import { formatTime } from '../../base/units.js';
import type { Leftover } from '../../node/leftovers/look.js';
import { formatAge } from '../../node/leftovers/words.js';
import type { ArchiveRow } from './list.js';

/** What an engine left, in the shape of an archive's row; what only archives have is null. Text is untrusted. */
export type LeftoverRow = {
  readonly what: Leftover['kind'];
  readonly file: string;
  readonly path: string;
  readonly namespace: null;
  readonly pod: null;
  readonly container: null;
  readonly from: 'unknown';
  /** When anything in it last changed. */
  readonly time: string;
  readonly age: number;
  /** Null when not all of it could be seen. */
  readonly size: number | null;
  readonly mode: null;
  readonly state: 'left behind';
  readonly sealed: null;
  readonly problem: string;
  readonly kind: 'directory' | 'file';
  readonly engine: Leftover['engine'];
};

/** What `node checkpoints` lists. */
export type PlaceRow = ArchiveRow | LeftoverRow;

export function leftoverRow(leftover: Leftover, now: Date): LeftoverRow {
  const { path, kind, engine, what, size, changed, directory, obstacle } = leftover;
  const age = now.getTime() - changed.getTime();
  const said = `${path}: ${what}, left by ${engine} ${formatAge(age, 'ago')}`;
  return {
    what: kind,
    file: posix.basename(path),
    path,
    namespace: null,
    pod: null,
    container: null,
    from: 'unknown',
    time: formatTime(changed),
    age: Math.floor(age / 1000),
    size: size ?? null,
    mode: null,
    state: 'left behind',
    sealed: null,
    problem: obstacle === undefined ? said : `${said}; ${obstacle}`,
    kind: directory ? 'directory' : 'file',
    engine,
  };
}
