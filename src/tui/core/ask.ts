import type { AppState, Purpose } from './state.js';

/** Opens the line at the bottom for something to be typed. */
export function ask(state: AppState, purpose: Purpose, text = ''): AppState {
  return { ...state, typing: { purpose, text, at: text.length }, toast: undefined };
}
