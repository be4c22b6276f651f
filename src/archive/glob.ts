/** Steps of a pattern that take more than the character whose code they are otherwise. */
const ONE = -1;
const SOME = -2;
const ALL = -3;
const SLASH = 0x2f;

/**
 * Whether a name matches a pattern: `*` and `?` stand for any characters and any one character of a path component,
 * `**` for anything at all, everything else for itself; a name below what matches does so as well. An empty pattern
 * matches every name.
 *
 * All ways in which the beginning of a name can match are followed at once, so that time grows with the name and never
 * with its square or worse, as it does where each way is tried in turn.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const bare = withoutEnds(pattern);
  if (bare === '') return () => true;
  const wild = bare.search(/[*?]/);
  if (wild < 0)
    return (name) => name.startsWith(bare) && (name.length === bare.length || name[bare.length] === '/');
  // behind half a character, what follows in a name could be its other half
  const from = /[\ud800-\udbff]/.test(bare[wild - 1] ?? '') ? wild - 1 : wild;
  const ways = new Ways(parse(bare.slice(from)));
  const start = bare.slice(0, from);
  return (name) => name.startsWith(start) && ways.matches(name, from);
}

/** Without `./` in front and slashes behind. */
function withoutEnds(pattern: string): string {
  let start = 0;
  while (pattern.startsWith('./', start)) start += 2;
  let end = pattern.length;
  while (end > start && pattern[end - 1] === '/') end -= 1;
  return pattern.slice(start, end);
}

function parse(pattern: string): Int32Array {
  const steps: number[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const code = pattern.codePointAt(at) ?? 0;
    if (pattern.startsWith('**', at)) steps.push(ALL);
    else steps.push(pattern[at] === '*' ? SOME : pattern[at] === '?' ? ONE : code);
    if (pattern.startsWith('**', at) || code > 0xffff) at += 1;
  }
  return Int32Array.from(steps);
}

/** The steps of a pattern, and which of them could come next; the one behind the last is the end. */
class Ways {
  readonly #steps: Int32Array;
  #now: Int32Array;
  #next: Int32Array;
  #count = 0;
  /** For each step, in which round it was added last: a round is a character of a name. */
  readonly #added: Float64Array;
  #round = 0;

  constructor(steps: Int32Array) {
    this.#steps = steps;
    this.#now = new Int32Array(steps.length + 1);
    this.#next = new Int32Array(steps.length + 1);
    this.#added = new Float64Array(steps.length + 1);
  }

  /** Whether a name, from a position on, is what the steps say, or below it. */
  matches(name: string, from: number): boolean {
    const steps = this.#steps;
    this.#count = 0;
    this.#round += 1;
    this.#add(0);
    for (let at = from; at < name.length; ) {
      at = this.#skip(name, at);
      const code = name.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      const count = this.#advance();
      for (let i = 0; i < count; i += 1) {
        const step = this.#now[i] ?? 0;
        if (step === steps.length) {
          if (code === SLASH) return true;
          continue;
        }
        const takes = steps[step];
        if (takes === ALL || (takes === SOME && code !== SLASH)) this.#add(step);
        else if (takes === code || (takes === ONE && code !== SLASH)) this.#add(step + 1);
      }
      if (this.#count === 0) return false;
    }
    return this.#next.subarray(0, this.#count).includes(steps.length);
  }

  /** Adds a step, and those behind it for which it can be left out. */
  #add(first: number): void {
    for (let step = first; this.#added[step] !== this.#round; step += 1) {
      this.#added[step] = this.#round;
      this.#next[this.#count] = step;
      this.#count += 1;
      const takes = this.#steps[step];
      if (takes !== SOME && takes !== ALL) return;
    }
  }

  /** Begins the next round, with how many steps the last one added. */
  #advance(): number {
    const count = this.#count;
    [this.#now, this.#next] = [this.#next, this.#now];
    this.#count = 0;
    this.#round += 1;
    return count;
  }

  /** Where nothing but `**` and the character behind it could come: to the next such character. */
  #skip(name: string, at: number): number {
    if (this.#count !== 2) return at;
    const [first = 0, second = 0] = this.#next;
    const code = this.#steps[second] ?? ONE;
    const half = code >= 0xd800 && code <= 0xdfff;
    if (this.#steps[first] !== ALL || code < 0 || half) return at;
    const found = name.indexOf(String.fromCodePoint(code), at);
    return found < 0 ? name.length - 1 : found;
  }
}
