import { describe, expect, it } from 'vitest';
import { initialState, reduce } from '../../../src/tui/core/reducer.js';
import type { AppState, Effect } from '../../../src/tui/core/state.js';
import {
  manifestStanding,
  outcomeOf,
  type Verification,
  type VerifiedCheck,
  verifiedStanding,
} from '../../../src/tui/core/verification.js';
import { fakeEnv, outline, rows } from '../support/fake.js';

const SEALED: Verification = { can: 'sealed', size: 2 << 20 };
const ran = (...checks: VerifiedCheck[]): Verification => ({
  ...SEALED,
  result: { checks, time: '2026-11-23T18:00:00Z', milliseconds: 240, fileSha256: 'ab', tarSha256: 'cd' },
});
const ok: VerifiedCheck = { check: 'key', verdict: 'ok', detail: 'opens' };
const bad: VerifiedCheck = { check: 'tar hash', verdict: 'failed', detail: 'another one' };
const skipped: VerifiedCheck = { check: 'manifest', verdict: 'not checked', detail: 'there is no x.json' };

describe('verification', () => {
  it('is told from what was checked', () => {
    expect(outcomeOf(SEALED)).toBe('not verified');
    expect(outcomeOf(ran(ok, ok))).toBe('verified');
    expect(outcomeOf(ran(ok, skipped))).toBe('incomplete');
    expect(outcomeOf(ran(ok, skipped, bad))).toBe('failed');
    expect(outcomeOf({ ...ran(), can: 'hash' })).toBe('hashed');
    expect(outcomeOf({ ...ran(ok), can: 'hash' })).toBe('verified');
    expect(verifiedStanding(ran(ok, ok)).text).toBe(
      'verified 2026-11-23T18:00:00Z, in 0.24 s: all 2 checks hold',
    );
    expect(verifiedStanding(ran(ok, bad))).toEqual({
      text: 'FAILED 2026-11-23T18:00:00Z: tar hash: another one',
      tone: 'bad',
      mark: '!',
    });
    expect(verifiedStanding(ran(ok, skipped)).text).toContain('not checked: manifest');
    expect(verifiedStanding({ ...SEALED, can: 'none', why: 'from afar' }).text).toBe('from afar');
    const running = { phase: 'hashing', done: 1 << 20, total: 2 << 20, rate: 1024 };
    expect(verifiedStanding({ ...SEALED, running }).text).toBe(
      'hashing 50% of 2 MiB, 1000 KiB/s, 1.02 s left; Esc stops',
    );
  });

  it('says on opening whether the manifest is there and agrees', () => {
    expect(manifestStanding(SEALED).text).toBe('being looked for');
    expect(manifestStanding({ ...SEALED, opening: [skipped] })).toMatchObject({
      text: 'there is no x.json',
      mark: '?',
    });
    expect(manifestStanding({ ...SEALED, opening: [{ ...ok, check: 'manifest' }, ok] }).text).toBe(
      'agrees: key',
    );
    expect(manifestStanding({ ...SEALED, opening: [ok, bad] })).toMatchObject({
      text: 'DISAGREES: tar hash: another one',
      tone: 'bad',
    });
  });

  it('runs on V and where its page is gone to, and stops with Esc where nothing nearer ends', () => {
    const place = { page: 'verification' } as const;
    const root = { cells: [], count: 2, child: () => ({ cells: ['verification'], count: 0, place }) };
    const env = fakeEnv({
      overview: outline(root),
      memory: outline(rows(9)),
      verification: outline(rows(3)),
    });
    let state: AppState = initialState({ columns: 80, rows: 24 }, env);
    const press = (...keys: string[]): readonly Effect[] =>
      keys.flatMap((key) => {
        const step = reduce(state, { type: 'input', input: { type: 'key', key } }, env);
        state = step.state;
        return step.effects;
      });
    const tell = (verification: Verification): void => {
      state = reduce(state, { type: 'verification', verification }, env).state;
    };
    expect(press('V')).toEqual([]);
    expect(state.toast?.text).toContain('cannot be verified');
    tell(SEALED);
    expect(press('V')).toEqual([{ do: 'verify' }]);
    expect(press('enter')).toEqual([{ do: 'verify' }]);
    expect(state.stacks.overview.length).toBe(2);
    press('escape');
    expect(press(':', ...'verify', 'enter')).toEqual([{ do: 'verify' }]);
    tell({ ...SEALED, running: { phase: 'hashing', done: 0, total: 9, rate: 1 } });
    expect(press('V')).toEqual([]);
    expect(press('escape')).toEqual([{ do: 'stop-verifying' }]);
    press('3', '/', '1', 'enter');
    expect(press('escape')).toEqual([]);
    expect(press('escape')).toEqual([{ do: 'stop-verifying' }]);
    tell(ran(ok, bad));
    expect(state.toast).toEqual({ text: 'tar hash: another one', tone: 'bad' });
    press('1');
    expect(press('enter')).toEqual([]);
  });
});
