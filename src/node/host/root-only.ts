import { posix } from 'node:path';
import { type FileFacts, type HostRoot, MAX_LINKS } from './root.js';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Who besides root and this user could have put a file where a path leads, or could put another there: every directory
 * on the way, links and what they lead to among it, must belong to one of the two and be writable by nobody else. One
 * may be if it is sticky, as `/tmp` is, for a name in it that is theirs: others can neither rename nor remove it. What
 * the path leads to must be theirs too. ACLs count, for their mask is shown as the group's bits (acl(5)).
 *
 * @param path - absolute, inside the host root
 * @returns undefined when nobody else can; else a line that says where and who, or that it is not there
 */
export async function whoElseWrites(host: HostRoot, path: string): Promise<string | undefined> {
  const pending = parts(path);
  let at = '/';
  let links = 0;
  for (;;) {
    const facts = await host.stat(at, { follow: false });
    if (!facts.ok) return `${at}: ${facts.why}`;
    if (!isOurs(facts.value)) return `${at} belongs to user ${facts.value.uid}`;
    const part = pending.shift();
    const open = (facts.value.mode & WRITABLE_BY_OTHERS) !== 0;
    if (part === undefined) return open ? `${at} may be written by others` : undefined;
    if (part === '..') {
      at = posix.dirname(at);
      continue;
    }
    const next = posix.join(at, part);
    const found = await host.stat(next, { follow: false });
    if (!found.ok) return `${next}: ${found.why}`;
    const held = (facts.value.mode & STICKY) !== 0 && isOurs(found.value);
    if (open && !held) return `${at} may be written by others`;
    if (found.value.kind !== 'link') {
      at = next;
      continue;
    }
    const target = await host.readLink(next);
    if (!target.ok) return `${next}: ${target.why}`;
    links += 1;
    if (links > MAX_LINKS) return `${path}: too many symbolic links`;
    if (target.value.startsWith('/')) at = '/';
    pending.unshift(...parts(target.value));
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function isOurs({ uid }: FileFacts): boolean {
  return uid === 0 || uid === process.getuid?.();
}
