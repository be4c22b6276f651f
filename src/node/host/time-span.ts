/** A systemd time span in seconds: `30`, `30s`, `1min 30s`, `500ms`, `infinity`; undefined when it is none. */
export function parseTimeSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return Number.POSITIVE_INFINITY;
  if (trimmed === '') return undefined;
  let rest = trimmed;
  let total = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Zµμ]*)\s*/.exec(rest);
    const scale = UNITS[match?.[2] ?? '?'];
    if (match === null || scale === undefined) return undefined;
    total += Number(match[1]) * scale;
    rest = rest.slice(match[0].length);
  }
  return total;
}

const SPANS: readonly (readonly [string, number])[] = [
  ['usec us µs μs', 1e-6],
  ['msec ms', 1e-3],
  ['seconds second sec s', 1],
  ['minutes minute min m', 60],
  ['hours hour hr h', 3600],
  ['days day d', 86_400],
  ['weeks week w', 604_800],
  ['months month M', 2_629_800],
  ['years year y', 31_557_600],
];
const UNITS: Readonly<Record<string, number>> = Object.fromEntries([
  ['', 1] as const,
  ...SPANS.flatMap(([names, scale]) => names.split(' ').map((name) => [name, scale] as const)),
]);
