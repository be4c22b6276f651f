/** What a login may need of whoever asks for it. */
export interface LoginContext {
  /** Ends a login that takes long, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what a login could not do and can do without. */
  readonly note?: ((line: string) => void) | undefined;
  /** Of this process; the tests'. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}
