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
