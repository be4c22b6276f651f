const WIDTH = 16;

/**
 * Bytes as `hexdump -C` shows them: address, sixteen bytes in hex, the same as ASCII; rows that repeat the one
 * above are folded into one `*`; the address behind the last byte ends the dump.
 *
 * Only ASCII comes out: what memory holds cannot reach a terminal.
 */
export class HexDump {
  #address: bigint;
  #pending: Buffer = Buffer.alloc(0);
  #previous: string | undefined;
  #folding = false;

  constructor(address: bigint) {
    this.#address = address;
  }

  /** Lines for the rows that these bytes, which follow those before, complete. */
  push(bytes: Uint8Array): string {
    const all = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    const whole = all.length - (all.length % WIDTH);
    let out = '';
    for (let at = 0; at < whole; at += WIDTH) out += this.#row(all, at, at + WIDTH);
    this.#pending = all.subarray(whole);
    return out;
  }

  /** As `push` of so many zeros, in no time however many they are. */
  pushZeros(count: bigint): string {
    const head = Number(count < 3n * BigInt(WIDTH) ? count : 3n * BigInt(WIDTH));
    let out = this.push(Buffer.alloc(head));
    // from here on every row is a zero row below a zero row
    const rows = (count - BigInt(head)) / BigInt(WIDTH);
    this.#address += rows * BigInt(WIDTH);
    out += this.push(Buffer.alloc(Number((count - BigInt(head)) % BigInt(WIDTH))));
    return out;
  }

  /** The last, shorter row, and the address at which the dump ends. */
  end(): string {
    const rest = this.#pending.length > 0 ? this.#row(this.#pending, 0, this.#pending.length) : '';
    return `${rest}${offset(this.#address)}\n`;
  }

  #row(bytes: Buffer, from: number, to: number): string {
    const address = this.#address;
    this.#address += BigInt(to - from);
    const hex = bytes.toString('hex', from, to);
    if (hex === this.#previous) {
      const first = !this.#folding;
      this.#folding = true;
      return first ? '*\n' : '';
    }
    this.#previous = hex;
    this.#folding = false;
    return `${offset(address)}  ${columns(hex)}  |${ascii(bytes, from, to)}|\n`;
  }
}

function offset(address: bigint): string {
  return address.toString(16).padStart(8, '0');
}

function columns(hex: string): string {
  const pairs = hex.match(/../g) ?? [];
  return `${pairs.slice(0, 8).join(' ')}  ${pairs.slice(8).join(' ')}`.padEnd(WIDTH * 3);
}

function ascii(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to).replace(/[^ -~]/g, '.');
}
