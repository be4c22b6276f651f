/** What `e` would write: raw bytes of something, streamed. */
export interface Extract {
  /** A safe file name to propose. */
  readonly name: string;
  /** Bytes, if known beforehand. */
  readonly size?: number;
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** How long work says how far it is, and learns that it is to stop. */
export interface Run {
  readonly signal: AbortSignal;
  progress(done: number, total: number | undefined): void;
}
