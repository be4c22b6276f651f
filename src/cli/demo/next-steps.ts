/** What to try on the sealed file, in the order of an investigation. */
const STEPS: readonly (readonly [words: string, what: string])[] = [
  ['show', 'what is this?'],
  ['ps', 'what ran? (kworker is a miner)'],
  ['sockets', 'a reverse shell?'],
  ['files', 'open files, deleted ones too'],
  ['env', 'secrets in the environment?'],
  ['memory search', 'AWS keys in memory?'],
  ['recover', 'what can be brought back?'],
  ['browse', 'all of it, in the terminal'],
];

/** Lines to type; each works on the result as it stands. */
export function nextSteps(sealed: string, key: string): string[] {
  const lines = STEPS.map(([words, what]) => {
    const pattern = words === 'memory search' ? ' AKIA' : '';
    return [`coldcase ${words} $E${pattern} -i $K`, what] as const;
  });
  const width = Math.max(...lines.map(([line]) => line.length));
  return [`E=${sealed}`, `K=${key}`, ...lines.map(([line, what]) => `${line.padEnd(width)}  # ${what}`)];
}
