import type { HostRoot } from './root.js';
import { settingsOf, type Unit } from './systemd.js';

/** A word of a command line and the file that it stands in. */
export interface Word {
  readonly text: string;
  readonly source: string;
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
