import { bisectList } from '../base/bisect.js';

/** Gives each of several objects a path of its own: a later one that is like another gets a number, `deleted/a.2`. */
export class FreePaths {
  readonly #taken = new Set<string>();
  /** The next number of each path, so that a thousand alike are not counted through a thousand times. */
  readonly #numbers = new Map<string, number>();
  readonly #isDirectory: (path: string) => boolean;

  /** @param isDirectory - of paths that no object can have, as others are to be in directories of that name */
  constructor(isDirectory: (path: string) => boolean = () => false) {
    this.#isDirectory = isDirectory;
  }

  take(path: string): string {
    let free = path;
    while (this.#taken.has(free) || this.#isDirectory(free)) {
      const number = this.#numbers.get(path) ?? 2;
      this.#numbers.set(path, number + 1);
      free = `${path}.${number}`;
    }
    this.#taken.add(free);
    return free;
  }
}

/** Tells whether a path is a directory that one of these paths leads through. */
export function directoriesOf(paths: Iterable<string>): (path: string) => boolean {
  // with the least of all characters between names, what is in a directory stands together and right behind its name
  const key = (path: string): string => path.replaceAll('/', '\0');
  const sorted = Array.from(paths, key).sort(inOrder);
  return (path) => {
    const start = `${key(path)}\0`;
    return sorted[bisectList(sorted, (each) => each < start)]?.startsWith(start) === true;
  };
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
