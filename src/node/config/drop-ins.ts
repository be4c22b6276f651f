import { posix } from 'node:path';
import { FormatError } from '../../base/errors.js';
import type { HostRoot } from '../host/root.js';

const MAX_DROP_INS = 1024;

/** The files of a drop-in directory, or why it cannot be read. */
export type DropIns =
  | {
      readonly ok: true;
      readonly paths: readonly string[];
      readonly skipped: readonly string[];
      readonly problems: readonly string[];
    }
  | { readonly ok: false; readonly why: string };

/**
 * The files of a drop-in directory as the kubelet walks it (filepath.WalkDir): names in byte order, subdirectories
 * where their name falls, only `*.conf`. A directory that is itself a link is not walked, so nothing in it counts.
 */
export async function findDropIns(host: HostRoot, directory: string): Promise<DropIns> {
  const top = await host.stat(directory, { follow: false });
  if (!top.ok) return { ok: false, why: top.why };
  if (top.value.kind === 'link') {
    return {
      ok: true,
      paths: [],
      skipped: [],
      problems: [
        `${directory} is a symbolic link: the kubelet does not walk it, so its files have no effect`,
      ],
    };
  }
  const paths: string[] = [];
  const skipped: string[] = [];
  const problems: string[] = [];
  const walk = async (at: string, depth: number): Promise<void> => {
    const names = await host.list(at);
    if (!names.ok) {
      problems.push(`${at}: ${names.why}`);
      return;
    }
    for (const name of names.value) {
      const path = posix.join(at, name);
      const facts = await host.stat(path, { follow: false });
      if (facts.ok && facts.value.kind === 'directory') {
        if (depth < 16) await walk(path, depth + 1);
      } else if (!name.endsWith('.conf')) skipped.push(path);
      else if (paths.length < MAX_DROP_INS) paths.push(path);
      else throw new FormatError(directory, undefined, `more than ${MAX_DROP_INS} drop-in files`);
    }
  };
  await walk(directory, 0);
  return { ok: true, paths, skipped, problems };
}
