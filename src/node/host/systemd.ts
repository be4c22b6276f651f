import { posix } from 'node:path';
import { byBytes, type HostRoot } from './root.js';

/** Where units live, the first wins (systemd.unit(5), system units). */
const UNIT_DIRECTORIES = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
] as const;

const MAX_LINE = 1 << 16;

/** A word of a command line and the file that it stands in. */
export interface Word {
  readonly text: string;
  readonly source: string;
}

/** One `Key=value` of a unit, and the file that it stands in. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

/** A unit as systemd would read it: its file, its drop-ins in order, the settings of all of them in order. */
export interface Unit {
  readonly name: string;
  readonly file: string;
  readonly dropIns: readonly string[];
  readonly settings: readonly Setting[];
  /** Files that could not be read, and why. */
  readonly problems: readonly string[];
}

/** Finds a unit of that name with its drop-ins; undefined when there is none, or it is masked. */
export async function findUnit(host: HostRoot, name: string): Promise<Unit | undefined> {
  const problems: string[] = [];
  for (const directory of UNIT_DIRECTORIES) {
    const file = posix.join(directory, name);
    if (await isMasked(host, file)) return undefined;
    const text = await host.readText(file, 1 << 20);
    if (!text.ok) {
      if (text.reason !== 'absent') problems.push(`${file}: ${text.why}`);
      continue;
    }
    const settings = [...parseUnit(text.value, file)];
    const dropIns = await findDropIns(host, name);
    for (const dropIn of dropIns) {
      const more = await host.readText(dropIn, 1 << 20);
      if (more.ok) settings.push(...parseUnit(more.value, dropIn));
      else problems.push(`${dropIn}: ${more.why}`);
    }
    return { name, file, dropIns, settings, problems };
  }
  return undefined;
}

/** A unit that is a link to /dev/null or an empty file is masked. */
async function isMasked(host: HostRoot, file: string): Promise<boolean> {
  const link = await host.readLink(file);
  return link.ok && link.value === '/dev/null';
}

/** Drop-ins of all directories by name: of two with one name, that of the more important directory counts. */
async function findDropIns(host: HostRoot, name: string): Promise<readonly string[]> {
  const type = name.slice(name.lastIndexOf('.') + 1);
  const byName = new Map<string, string>();
  for (const folder of [`${name}.d`, `${type}.d`]) {
    for (const directory of UNIT_DIRECTORIES) {
      const at = posix.join(directory, folder);
      const names = await host.list(at);
      if (!names.ok) continue;
      for (const dropIn of names.value) {
        if (dropIn.endsWith('.conf') && !byName.has(dropIn)) byName.set(dropIn, posix.join(at, dropIn));
      }
    }
  }
  const kept: string[] = [];
  for (const [, path] of [...byName].sort(([a], [b]) => byBytes(a, b))) {
    if (!(await isMasked(host, path))) kept.push(path);
  }
  return kept;
}

/** Parses a unit file: sections, `Key=value`, comments by `#` and `;`, lines continued by a backslash. */
export function* parseUnit(text: string, source: string): Generator<Setting> {
  let section = '';
  let pending = '';
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    const comment = /^\s*[#;]/.test(line);
    if (comment && pending !== '') continue;
    if (!comment && line.endsWith('\\') && pending.length < MAX_LINE) {
      pending += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (pending + line).trim();
    pending = '';
    if (whole === '' || comment) continue;
    const header = /^\[([^\]]+)\]$/.exec(whole);
    if (header?.[1] !== undefined) {
      section = header[1];
      continue;
    }
    const at = whole.indexOf('=');
    if (at > 0) yield { section, key: whole.slice(0, at).trim(), value: whole.slice(at + 1).trim(), source };
  }
}

/** The values of a key that add up (ExecStart, Environment, ...): an empty one forgets those before it. */
export function settingsOf(unit: Unit, section: string, key: string): readonly Setting[] {
  let found: Setting[] = [];
  for (const setting of unit.settings) {
    if (setting.section !== section || setting.key !== key) continue;
    if (setting.value === '') found = [];
    else found.push(setting);
  }
  return found;
}

/** The value of a key of which the last counts. */
export function lastSetting(unit: Unit, section: string, key: string): Setting | undefined {
  return unit.settings.findLast((setting) => setting.section === section && setting.key === key);
}

/** Splits a line into words as systemd does: quotes by ' and ", C escapes, white space between words. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let open = false;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\\' && quote !== "'") {
      at += 1;
      word += ESCAPES[line.charAt(at)] ?? line.charAt(at);
      open = true;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      open = true;
    } else if (/\s/.test(character)) {
      if (open) words.push(word);
      word = '';
      open = false;
    } else {
      word += character;
      open = true;
    }
  }
  if (open) words.push(word);
  return words;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The environment that a unit sets: Environment= and the files of EnvironmentFile=, later ones win. */
export async function unitEnvironment(
  host: HostRoot,
  unit: Unit,
): Promise<{ readonly variables: ReadonlyMap<string, Word>; readonly problems: readonly string[] }> {
  const variables = new Map<string, Word>();
  const problems: string[] = [];
  for (const { value, source } of settingsOf(unit, 'Service', 'Environment')) {
    for (const word of splitWords(value)) {
      const at = word.indexOf('=');
      if (at > 0) variables.set(word.slice(0, at), { text: word.slice(at + 1), source });
    }
  }
  for (const { value } of settingsOf(unit, 'Service', 'EnvironmentFile')) {
    const optional = value.startsWith('-');
    const path = optional ? value.slice(1) : value;
    const text = await host.readText(path, 1 << 20);
    if (!text.ok) {
      if (!(optional && text.reason === 'absent')) problems.push(`${path}: ${text.why}`);
      continue;
    }
    for (const [name, content] of parseEnvironmentFile(text.value)) {
      variables.set(name, { text: content, source: path });
    }
  }
  return { variables, problems };
}

/** Parses an environment file: `NAME=value`, quotes around the value or parts of it, comments by # and ;. */
export function* parseEnvironmentFile(text: string): Generator<readonly [string, string]> {
  for (const raw of text.replaceAll('\\\n', ' ').split('\n')) {
    const line = raw.trim();
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line);
    if (match?.[1] === undefined || match[2] === undefined || /^[#;]/.test(line)) continue;
    yield [match[1], unquote(match[2])];
  }
}

function unquote(value: string): string {
  let out = '';
  let quote = '';
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === '\\' && quote !== "'" && at + 1 < value.length) {
      at += 1;
      out += value.charAt(at);
    } else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else out += character;
  }
  return out;
}

/**
 * The command line of a unit: the last ExecStart with its variables put in. `$NAME` alone is split into words,
 * `${NAME}` stays one word or part of one, `$$` is a dollar sign. Each word knows the file that it stands in.
 */
export function commandLine(unit: Unit, variables: ReadonlyMap<string, Word>): readonly Word[] {
  const start = settingsOf(unit, 'Service', 'ExecStart').at(-1);
  if (start === undefined) return [];
  return splitWords(start.value.replace(/^[-@:+!|]+/, '')).flatMap((word) =>
    expand(word, start.source, variables),
  );
}

function expand(word: string, source: string, variables: ReadonlyMap<string, Word>): readonly Word[] {
  const alone = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word)?.[1];
  if (alone !== undefined) {
    const found = variables.get(alone);
    if (found === undefined) return [];
    return splitWords(found.text).map((text) => ({ text, source: found.source }));
  }
  let from = source;
  const text = word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole === '$$' ? '$' : whole;
    const found = variables.get(name);
    if (found !== undefined) from = found.source;
    return found?.text ?? '';
  });
  return [{ text: text.replaceAll('%%', '%'), source: from }];
}

/** A systemd time span in seconds: `30`, `30s`, `1min 30s`, `500ms`, `infinity`; undefined when it is none. */
export function parseTimeSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return Number.POSITIVE_INFINITY;
  if (trimmed === '') return undefined;
  let rest = trimmed;
  let total = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Zµ]*)\s*/.exec(rest);
    const scale = UNITS[match?.[2] ?? '?'];
    if (match === null || scale === undefined) return undefined;
    total += Number(match[1]) * scale;
    rest = rest.slice(match[0].length);
  }
  return total;
}

const SPANS: readonly (readonly [string, number])[] = [
  ['usec us µs', 1e-6],
  ['msec ms', 1e-3],
  ['seconds second sec s', 1],
  ['minutes minute min m', 60],
  ['hours hour hr h', 3600],
  ['days day d', 86_400],
  ['weeks week w', 604_800],
];
const UNITS: Readonly<Record<string, number>> = Object.fromEntries([
  ['', 1] as const,
  ...SPANS.flatMap(([names, scale]) => names.split(' ').map((name) => [name, scale] as const)),
]);
