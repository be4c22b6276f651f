import { createHash, X509Certificate } from 'node:crypto';
import { posix } from 'node:path';
import type { JsonValue } from '../../base/json.js';
import { formatTime } from '../../base/units.js';
import type { KubeletConfiguration } from '../config/kubelet.js';
import type { FileFacts, HostRoot } from '../host/root.js';
import { type KnownPath, kubeletPaths, type PathRole } from './catalogue.js';
import { parseState } from './state-files.js';

/** One path of the node, as `node paths` reports it. */
export interface PathReport {
  readonly what: string;
  readonly path: string;
  readonly state: 'present' | 'absent' | 'not known';
  readonly kind: FileFacts['kind'] | null;
  readonly owner: string | null;
  /** Permission bits in octal, such as `0600`. */
  readonly mode: string | null;
  readonly size: number | null;
  readonly modified: string | null;
  readonly sha256: string | null;
  /** When a certificate in it ends, ISO 8601. */
  readonly expires: string | null;
  /** What is odd about it, one line each. */
  readonly odd: readonly string[];
  /** What a state file says; null for what is not parsed. */
  readonly content: JsonValue;
}

const MAX_HASHED = 16 << 20;
const MAX_MEMBERS = 256;
const WEEK = 7 * 86_400_000;

/** Looks at every path of the kubelet on this node. `now` is what certificates are measured against. */
export async function inspectPaths(
  host: HostRoot,
  configuration: KubeletConfiguration,
  now = new Date(),
): Promise<readonly PathReport[]> {
  const reports: PathReport[] = [];
  for (const path of kubeletPaths(configuration)) {
    reports.push(await inspectPath(host, path, now));
    if (path.members === undefined) continue;
    const names = await host.list(path.path);
    if (!names.ok) continue;
    const { role, suffix } = path.members;
    const members = names.value.filter((name) => suffix === undefined || suffix.test(name));
    for (const name of members.slice(0, MAX_MEMBERS)) {
      const member: KnownPath = { what: `  ${path.what}`, path: posix.join(path.path, name), role };
      reports.push(await inspectPath(host, member, now));
    }
  }
  return reports;
}

async function inspectPath(host: HostRoot, known: KnownPath, now: Date): Promise<PathReport> {
  const facts = await host.stat(known.path);
  if (!facts.ok) {
    const absent = facts.reason === 'absent';
    return {
      ...blank(known),
      state: absent ? 'absent' : 'not known',
      odd: absent ? [] : [facts.why],
    };
  }
  const { value } = facts;
  const odd = oddities(known.role, value);
  let sha256: string | null = null;
  let expires: string | null = null;
  let content: JsonValue = null;
  if (value.kind === 'file') {
    const bytes = await host.readBytes(known.path, MAX_HASHED);
    if (bytes.ok) {
      sha256 = createHash('sha256').update(bytes.value).digest('hex');
      const ends =
        known.role === 'certificate' || known.role === 'private key'
          ? certificateEnd(bytes.value)
          : undefined;
      if (ends === 'unreadable') odd.push('holds a certificate that cannot be read');
      else if (ends !== undefined) {
        expires = formatTime(ends);
        if (ends.getTime() < now.getTime()) odd.push(`its certificate ended ${formatTime(ends)}`);
        else if (ends.getTime() - now.getTime() < WEEK) odd.push('its certificate ends within a week');
      }
      const parsed = parseState(known.role, known.path, bytes.value);
      content = parsed.content;
      odd.push(...parsed.problems);
    } else odd.push(`not read: ${bytes.why}`);
  }
  return {
    ...blank(known),
    state: 'present',
    kind: value.kind,
    owner: `${value.uid}:${value.gid}`,
    mode: octal(value.mode),
    size: value.size,
    modified: formatTime(value.mtime),
    sha256,
    expires,
    odd,
    content,
  };
}

function blank(known: KnownPath): PathReport {
  return {
    what: known.what,
    path: known.path,
    state: 'absent',
    kind: null,
    owner: null,
    mode: null,
    size: null,
    modified: null,
    sha256: null,
    expires: null,
    odd: [],
    content: null,
  };
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

const EXPECTED: Readonly<Record<PathRole, FileFacts['kind'] | undefined>> = {
  configuration: 'file',
  credentials: 'file',
  certificate: 'file',
  'private key': 'file',
  manifests: undefined,
  state: 'file',
  'device manager state': 'file',
  'image record': 'file',
  directory: 'directory',
  'private directory': 'directory',
  socket: 'socket',
  'seccomp profiles': 'directory',
  lock: 'file',
};

/** What is odd about owner, kind and mode of a path of that role. */
function oddities(role: PathRole, facts: FileFacts): string[] {
  const odd: string[] = [];
  const kind = EXPECTED[role];
  if (kind !== undefined && facts.kind !== kind) odd.push(`is a ${facts.kind}, not a ${kind}`);
  if (facts.uid !== 0) odd.push(`owned by user ${facts.uid}, not by root`);
  if ((facts.mode & 0o002) !== 0) odd.push('everybody may write it');
  else if ((facts.mode & 0o020) !== 0 && facts.gid !== 0) odd.push(`group ${facts.gid} may write it`);
  const secret = role === 'credentials' || role === 'private key' || role === 'private directory';
  if (secret && (facts.mode & 0o077) !== 0) odd.push(`not only root can get at it (${octal(facts.mode)})`);
  return odd;
}

/** When the first certificate of a PEM file ends; undefined when there is none. */
function certificateEnd(bytes: Buffer): Date | 'unreadable' | undefined {
  const pem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.exec(
    bytes.toString('latin1'),
  )?.[0];
  if (pem === undefined) return undefined;
  try {
    return new Date(new X509Certificate(pem).validTo);
  } catch {
    // the file's own bytes are the finding; OpenSSL's message would add nothing to it
    return 'unreadable';
  }
}
