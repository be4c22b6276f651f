import { spawn } from 'node:child_process';
import { BIN } from './coldcase.js';

const USAGE = new URL('../bench/report-usage.js', import.meta.url).href;

export interface Measured {
  readonly code: number | null;
  readonly stderr: string;
  /** How often `mark` is in what it printed. */
  readonly marks: number;
  /** The most memory that it had, in bytes. */
  readonly peak: number;
}

/** Runs the built command line, counts a text in what it prints, and measures its memory. */
export async function measured(words: readonly string[], mark: string): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', USAGE, BIN, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [, stdout, stderr, usage] = child.stdio;
  const texts = { stderr: '', usage: '' };
  let marks = 0;
  let rest = '';
  stdout?.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1');
    marks += text.split(mark).length - 1;
    rest = text.slice(Math.max(text.lastIndexOf(mark) + mark.length, text.length - mark.length + 1));
  });
  stderr?.on('data', (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  usage?.on('data', (chunk: Buffer) => {
    texts.usage += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const { rss }: { rss: number } = JSON.parse(texts.usage);
  return { code, stderr: texts.stderr, marks, peak: rss };
}
