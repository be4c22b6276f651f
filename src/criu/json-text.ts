import { portableText } from '../base/spelling.js';

/** A value of crit's JSON that is small enough to be written at once: 64-bit integers keep every digit. */
export type CritValue = CritScalar | readonly CritValue[] | CritObject;
export type CritScalar = string | number | bigint | boolean | null;
export type CritObject = { readonly [key: string]: CritValue };

const INDENT = '    ';
/** Characters of a text that are escaped at a time: escaping may take six times as much. */
const SLICE = 64 * 1024;

/** A string as JSON in ASCII, bytes that are no UTF-8 as `portableText` has them. */
export function jsonString(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  return `"${jsonCharacters(portableText(text))}"`;
}

/** What is between the quotes: every UTF-16 unit outside of printable ASCII as an escape. */
function jsonCharacters(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON text that grows, laid out as Python's `json.dump` does: on one line, or indented by four. ASCII only, so
 * nothing that a terminal would act on is in it; integers with every digit.
 */
export class JsonText {
  private text = '';
  private readonly members: number[] = [];

  /** @param level how deep this text begins; undefined for everything on one line */
  constructor(private readonly level: number | undefined) {}

  /** Begins a list or an object. */
  begin(bracket: '[' | '{'): void {
    this.text += bracket;
    this.members.push(0);
  }

  /** Before each item of a list. */
  item(): void {
    const depth = this.members.length - 1;
    const before = this.members[depth] ?? 0;
    if (before > 0) this.text += this.level === undefined ? ', ' : ',';
    this.lineBreak();
    this.members[depth] = before + 1;
  }

  /** Before each member of an object. */
  key(name: string): void {
    this.item();
    this.text += `${jsonString(name)}: `;
  }

  end(bracket: ']' | '}'): void {
    const members = this.members.pop() ?? 0;
    if (members > 0) this.lineBreak();
    this.text += bracket;
  }

  /** Writes a value; a string that may be long is for {@link long}. */
  value(value: CritValue): void {
    if (typeof value === 'string') this.text += jsonString(value);
    else if (value === null || typeof value !== 'object') this.text += String(value);
    else if (isCritList(value)) {
      this.begin('[');
      for (const item of value) {
        this.item();
        this.value(item);
      }
      this.end(']');
    } else {
      this.begin('{');
      for (const [key, member] of Object.entries(value)) {
        this.key(key);
        this.value(member);
      }
      this.end('}');
    }
  }

  /** Writes a string of any length, a slice at a time. */
  *long(text: string): Generator<string> {
    const portable = portableText(text);
    this.text += '"';
    for (let at = 0; at < portable.length; at += SLICE) {
      this.text += jsonCharacters(portable.slice(at, at + SLICE));
      yield this.take();
    }
    this.text += '"';
  }

  /** Text that is JSON already. */
  raw(text: string): void {
    this.text += text;
  }

  /** Whether so much is gathered that it should be taken. */
  get isFull(): boolean {
    return this.text.length >= SLICE;
  }

  /** What was written since the last time. */
  take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }

  private lineBreak(): void {
    if (this.level !== undefined) this.text += `\n${INDENT.repeat(this.level + this.members.length)}`;
  }
}

/** A small value as JSON text. */
export function jsonOf(value: CritValue, level?: number): string {
  const out = new JsonText(level);
  out.value(value);
  return out.take();
}

export function isCritList(value: readonly CritValue[] | CritObject): value is readonly CritValue[] {
  return Array.isArray(value);
}
