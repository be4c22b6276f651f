import { expect, test } from 'vitest';
import { TerminalProgress } from '../../src/cli/progress.js';

function terminal(columns: number) {
  const written: string[] = [];
  let now = 0;
  const progress = new TerminalProgress({ write: (text) => written.push(text), columns }, () => now);
  return { written, progress, advance: (ms: number) => (now += ms) };
}

const MIB = 1024 * 1024;

test('phase, share, bytes, rate and time left', () => {
  const { written, progress, advance } = terminal(100);
  progress.report('sealing', 0, 100 * MIB);
  advance(1000);
  progress.report('sealing', 25 * MIB, 100 * MIB);
  expect(written.at(-1)).toBe('\r\x1b[Ksealing  25%  25 MiB of 100 MiB  25 MiB/s  3.00 s left');
  progress.clear();
  progress.clear();
  expect(written.slice(2)).toEqual(['\r\x1b[K']);
});

test('draws at most ten times a second, but a new phase at once', () => {
  const { written, progress, advance } = terminal(80);
  for (let i = 0; i < 1000; i += 1) {
    progress.report('sealing', i);
    advance(1);
  }
  expect(written.length).toBe(10);
  progress.report('proving', 0);
  expect(written.length).toBe(11);
});

test('fits the terminal, and never writes what a name would do to it', () => {
  const { written, progress } = terminal(30);
  progress.report('reading \x1b[2J evil name that is long', 5);
  expect(written[0]?.slice(4)).toBe('reading \\x1b[2J evil name tha');
});

test('says what cannot be measured, and makes it safe', () => {
  const { written, progress } = terminal(80);
  progress.say('waiting\x07');
  expect(written).toEqual(['\r\x1b[Kwaiting\\x07']);
});
