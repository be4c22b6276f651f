import type { FreezerState } from '../../../node/freezer/state.js';
import type { Identity } from './identity.js';
import type { Look } from './report.js';

export type Frozen = Extract<FreezerState, { state: 'frozen' }>;

/** Before anything was done: a container without processes here is one that cannot be seen, not one that ended. */
export function lookBefore(identity: Identity, state: FreezerState | undefined): Look {
  if (state?.state === 'gone') {
    const why = 'no process of it is seen on this machine';
    return { id: identity.id, restartCount: identity.restartCount, state: 'not known', why };
  }
  return look(identity, state);
}

export function look({ id, restartCount, why }: Identity, state: FreezerState | undefined): Look {
  const at = { id, restartCount };
  switch (state?.state) {
    case 'running':
      return { ...at, state: 'running', why: null };
    case 'frozen':
      return { ...at, state: 'frozen', why: frozenBy(state) };
    case 'gone':
      return { ...at, state: 'ended', why: null };
    case 'unknown':
      return { ...at, state: 'not known', why: state.why };
    case undefined:
      return { ...at, state: 'not known', why };
  }
}

export function frozenBy({ by, where }: Frozen): string {
  return by === 'itself'
    ? 'its own freezer is set'
    : `a cgroup above it is frozen${where === undefined ? '' : `: ${where}`}`;
}
