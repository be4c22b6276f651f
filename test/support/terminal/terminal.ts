import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';

const BRIDGE = fileURLToPath(new URL('pty-bridge.py', import.meta.url));
export const CLI = fileURLToPath(new URL('../../../bin/coldcase.js', import.meta.url));

/** Whether this machine can make a pseudo-terminal: python3 is asked to, and installed first in CI where it lacks. */
export function terminalsWork(): boolean {
  const works = (): boolean => spawnSync('python3', ['-c', 'import pty, termios']).status === 0;
  if (works()) return true;
  if (!process.env['CI'] || process.getuid?.() !== 0) return false;
  spawnSync('apt-get', ['update']);
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'python3']);
  return works();
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A script to run in place of coldcase. */
  readonly script?: string;
  /** A command to run in place of node. */
  readonly command?: readonly string[];
}

/** coldcase in a real pseudo-terminal, its output drawn by a terminal emulator. */
export class TestTerminal {
  readonly #child: ChildProcess;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  /** Everything that was written to the terminal. */
  output = '';
  #rows: number;
  #lastOutput = performance.now();
  #errors = '';
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[], options: TerminalOptions = {}) {
    const { columns = 80, rows = 24 } = options;
    this.#rows = rows;
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#child = spawn(
      'python3',
      [
        ...[BRIDGE, String(columns), String(rows)],
        ...(options.command ?? [process.execPath, options.script ?? CLI, ...args]),
      ],
      {
        cwd: options.cwd,
        env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', NO_COLOR: '', ...options.env },
      },
    );
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.output += data.toString('utf8');
      this.#lastOutput = performance.now();
      this.#screen.write(data);
    });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#errors += data.toString('utf8');
    });
    this.exited = once(this.#child, 'exit').then(([code]) => (typeof code === 'number' ? code : null));
  }

  /** The screen as lines of text, without the spaces at their ends. */
  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const { active } = this.#screen.buffer;
    return Array.from({ length: this.#rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  async text(): Promise<string> {
    return (await this.lines()).join('\n');
  }

  press(keys: string): void {
    this.#tell(`keys ${Buffer.from(keys, 'utf8').toString('hex')}`);
  }

  resize(columns: number, rows: number): void {
    this.#rows = rows;
    this.#screen.resize(columns, rows);
    this.#tell(`size ${columns} ${rows}`);
  }

  kill(signal: string): void {
    this.#tell(`kill ${signal}`);
  }

  /** Takes the terminal away, as a closed window or a lost connection does. */
  vanish(): void {
    this.#tell('gone');
  }

  /** Whether the terminal is in raw mode: keys come one by one and unseen. */
  async isRaw(): Promise<boolean> {
    this.#errors = '';
    this.#tell('raw?');
    while (!/raw=[01]\n/.test(this.#errors)) await pause(10);
    return this.#errors.includes('raw=1');
  }

  /** Waits until the screen shows something; fails with what it shows instead. */
  async until(wanted: string | RegExp, timeout = 20_000): Promise<string> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const text = await this.text();
      if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return text;
      if (performance.now() > deadline) throw new Error(`no ${String(wanted)} on the screen:\n${text}`);
      await pause(15);
    }
  }

  /** Waits until nothing has been drawn for a while and nothing is being read. */
  async settled(quiet = 250): Promise<string> {
    for (;;) {
      const text = await this.text();
      if (performance.now() - this.#lastOutput >= quiet && !/^ *│? {2}reading/m.test(text)) return text;
      await pause(25);
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
    this.#screen.dispose();
  }

  #tell(line: string): void {
    // what it leads to has not been drawn yet
    this.#lastOutput = performance.now();
    this.#child.stdin?.write(`${line}\n`);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
