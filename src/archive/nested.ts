/** Separates an archive within an archive from the path in it: `rootfs-diff.tar//etc/passwd`. */
export const NESTED = '//';

/** The name from outside of an entry of an archive that is itself an entry, or a file. */
export function nestedName(outer: string, name: string): string {
  return outer + NESTED + name;
}

/** The archive that a path names first, and the path within that; `undefined` where it leads into none. */
export function splitNested(path: string): readonly [outer: string, within: string | undefined] {
  const at = path.indexOf(NESTED);
  return at < 0 ? [path, undefined] : [path.slice(0, at), path.slice(at + NESTED.length)];
}
