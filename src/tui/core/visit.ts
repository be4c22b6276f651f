import { goto } from './pages.js';
import type { Place } from './place.js';
import type { AppState, Env, Step } from './state.js';

/** Goes to a place because somebody asked for it. Whoever goes to the verification wants it run. */
export function visit(state: AppState, place: Place, env: Env): Step {
  const next = goto(state, place, env);
  const { verification } = state;
  const fresh = verification?.result === undefined && verification?.running === undefined;
  const wanted = place.page === 'verification' && verification !== undefined && fresh;
  return { state: next, effects: wanted && verification.can !== 'none' ? [{ do: 'verify' }] : [] };
}

/** Runs the verification, wherever one is. */
export function verifyNow(state: AppState): Step {
  const { verification } = state;
  const say = (text: string): AppState => ({ ...state, toast: { text, tone: 'plain' } });
  if (verification === undefined) return { state: say('this archive cannot be verified here'), effects: [] };
  if (verification.can === 'none') {
    return { state: say(verification.why ?? 'this archive cannot be verified here'), effects: [] };
  }
  if (verification.running !== undefined) {
    return { state: say('it is being verified already: 1 and :verify show how far'), effects: [] };
  }
  return { state: say('verifying; everything else goes on, 1 shows how far'), effects: [{ do: 'verify' }] };
}
