import { spawn } from 'node:child_process';

/** A program's end on a pseudo-terminal: its exit code, and everything that the terminal showed. */
export interface TerminalRun {
  readonly code: number | null;
  readonly screen: string;
}

/**
 * Runs a shell command on a pseudo-terminal (util-linux `script`), and types an answer, with Return, each time a
 * question ends in `: `.
 */
export function onTerminal(command: string, answers: readonly string[], cwd: string): Promise<TerminalRun> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], { cwd });
    let screen = '';
    let seen = 0;
    let next = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      if (!/: $/.test(screen.slice(seen)) || next >= answers.length) return;
      seen = screen.length;
      child.stdin.write(`${answers[next]}\r`);
      next += 1;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen }));
  });
}
