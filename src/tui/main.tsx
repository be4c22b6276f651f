import type { ReadStream, WriteStream } from 'node:tty';
import * as ink from 'ink';
import { InterruptedError } from '../base/errors.js';
import { App } from './components/app.js';
import type { Place } from './core/place.js';
import type { PageSpec, Size } from './core/state.js';
import type { Verification } from './core/verification.js';
import { inAscii, themeOf } from './paint/theme.js';
import { Performer } from './runtime/perform.js';
import { Store } from './runtime/store.js';
import type { Verifying } from './runtime/verifying.js';
import { FrameWriter, frameStream } from './terminal/frame.js';
import { type Input, InputParser } from './terminal/input.js';
import { copySequence, TerminalSession } from './terminal/session.js';
import { Suspension } from './terminal/suspend.js';

/** What the screens are over. */
export interface Browsed {
  /** What the title calls the archive; raw text. */
  readonly name: string;
  readonly entries: readonly string[];
  pageOf(place: Place): PageSpec;
  /** Checks the archive; the same that the pages tell of. */
  readonly verifying?: Verifying | undefined;
}

export interface BrowseOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Ends the screens as `q` would, but with an InterruptedError. */
  readonly signal: AbortSignal;
}

/** A lone Esc is told from the start of a sequence by nothing following for this long. */
const ESC_MS = 25;
const CRASHES = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Shows the screens until the user quits. The terminal is given back before this settles, however it ends.
 *
 * @throws InterruptedError when the signal ends it, and whatever a defect throws
 */
export async function browse(browsed: Browsed, options: BrowseOptions): Promise<void> {
  const { input, output, signal } = options;
  // in the bundle what lays out is ready a moment later (.ci/bundle.mjs)
  await ('ready' in ink ? ink.ready : undefined);
  signal.throwIfAborted();
  const session = new TerminalSession(input, output);
  const undo: (() => void)[] = [() => session.leave()];
  session.enter();
  try {
    await run(browsed, options, session, undo);
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/** Settles when the screens are to go; what is to be done then is added to `undo`, to be done in reverse. */
async function run(
  browsed: Browsed,
  options: BrowseOptions,
  session: TerminalSession,
  undo: (() => void)[],
): Promise<void> {
  const { input, output, signal } = options;
  const { ended, end, fail } = ending();
  for (const event of CRASHES) process.once(event, fail);
  undo.push(() => {
    for (const event of CRASHES) process.off(event, fail);
  });
  const interrupted = (): void => fail(signal.reason ?? new InterruptedError('stopped'));
  signal.addEventListener('abort', interrupted, { once: true });
  undo.push(() => signal.removeEventListener('abort', interrupted));

  const size = (): Size => ({ columns: output.columns || 80, rows: output.rows || 24 });
  const theme = themeOf(options.env, process.platform);
  const send = (text: string): boolean => output.write(theme.glyphs.all ? text : inAscii(text));
  const frames = new FrameWriter(send, size);
  const performer = new Performer({
    copy: (text) => output.write(copySequence(text)),
    redraw: () => frames.redraw(),
    suspend: () => suspension.suspend(),
    quit: end,
    verifying: browsed.verifying,
    archive: browsed.name,
    version: options.version,
  });
  const store = new Store({
    size: size(),
    archiveName: browsed.name,
    entries: browsed.entries,
    pageOf: browsed.pageOf,
    now: () => new Date().toISOString(),
    perform: performer.perform,
  });
  undo.push(() => {
    performer.stop(store);
    browsed.verifying?.stop(() => {});
    store.close();
  });
  if (browsed.verifying !== undefined) {
    const tell = (verification: Verification): void => store.dispatch({ type: 'verification', verification });
    tell(browsed.verifying.state);
    browsed.verifying.look(tell).catch(fail);
  }
  const suspension = new Suspension(session, () => {
    frames.redraw();
    // the terminal may have another size since: of that the shell was told
    process.kill(process.pid, 'SIGWINCH');
  });
  undo.push(() => suspension.close());
  undo.push(listen(input, output, store, size, fail));
  const app = ink.render(<App store={store} theme={theme} />, {
    stdout: frameStream(output, frames),
    stdin: input,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
  });
  undo.push(() => {
    frames.detach();
    app.unmount();
  });
  app.waitUntilExit().then(end, fail);
  await ended;
}

function ending(): { ended: Promise<void>; end: () => void; fail: (error: unknown) => void } {
  let end: () => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { ended, end, fail };
}

/** Keys and resizes become actions; returns what stops that. */
function listen(
  input: ReadStream,
  output: WriteStream,
  store: Store,
  size: () => Size,
  fail: (error: unknown) => void,
): () => void {
  const parser = new InputParser();
  let pause: NodeJS.Timeout | undefined;
  const dispatch = (inputs: readonly Input[]): void => {
    try {
      for (const each of inputs) store.dispatch({ type: 'input', input: each });
    } catch (error) {
      fail(error);
    }
  };
  const onData = (text: string): void => {
    clearTimeout(pause);
    dispatch(parser.push(text));
    if (parser.waiting) pause = setTimeout(() => dispatch(parser.flush()), ESC_MS);
  };
  const onResize = (): void => store.dispatch({ type: 'resize', size: size() });
  const onEnd = (): void => fail(new InterruptedError('the terminal is gone'));
  input.on('data', onData);
  input.on('end', onEnd);
  output.on('resize', onResize);
  return () => {
    clearTimeout(pause);
    input.off('data', onData);
    input.off('end', onEnd);
    output.off('resize', onResize);
  };
}
