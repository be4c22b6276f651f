import { type ColdcaseError, IntegrityError, UnsafeError } from '../base/errors.js';
import { escapeText } from '../render/escape.js';

/** Entries that are named; the others are counted, as an archive may hold a quarter of a million. */
const NAMED = 1000;
/** Characters of a name or a reason: either may be a megabyte of an attacker's. */
const LONGEST = 300;

/** What was left out of an extraction: named on standard error as it happens, up to a bound, and counted. */
export class LeftOut {
  readonly #quiet: boolean;
  #count = 0;
  #damaged = 0;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** @param reason - the error that an entry ended with, or words */
  add(path: string, reason: unknown): void {
    this.#count += 1;
    if (reason instanceof IntegrityError) this.#damaged += 1;
    if (this.#quiet || this.#count > NAMED) return;
    const words = reason instanceof Error ? reason.message : String(reason);
    process.stderr.write(`left out: ${escapeText(`${shortened(path)}: ${shortened(words)}`)}\n`);
  }

  /**
   * What the run ends with: an IntegrityError when some were damaged, an UnsafeError when others were left out.
   *
   * @param seen - how many entries were to be extracted
   */
  error(seen: number): ColdcaseError | undefined {
    if (this.#count === 0) return undefined;
    const counted = this.#damaged === 0 ? '' : `, ${this.#damaged} of them damaged`;
    const Kind = this.#damaged === 0 ? UnsafeError : IntegrityError;
    const error = new Kind(`${this.#count} of ${seen} entries were left out${counted}`, {
      remedy: 'the others were extracted; coldcase cat shows the content of any entry',
    });
    if (this.#count > NAMED && !this.#quiet) {
      error.more.push(`${this.#count - NAMED} of these are not named above`);
    }
    return error;
  }
}

function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST / 2)}…${text.slice(-LONGEST / 2)} (${text.length} characters)`;
}
