import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Encrypter } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLI, TestTerminal, terminalsWork } from '../support/terminal/terminal.js';

const works = terminalsWork();
const directory = mkdtempSync(join(tmpdir(), 'coldcase-prompt-'));
const locked = join(directory, 'locked.age');
beforeAll(async () => {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(10);
  encrypter.setPassphrase('secret');
  writeFileSync(locked, await encrypter.encrypt('no archive'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** How many bytes a process has read so far, as the kernel counts (proc_pid_io(5)). */
const bytesRead = (pid: number): number =>
  Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

/** Types what is not shown, and waits until it was read: what comes after the end is the shell's to show. */
async function typeUnseen(terminal: TestTerminal, text: string, pid: number): Promise<void> {
  if (!existsSync('/proc/self/io')) return terminal.press(text);
  const before = bytesRead(pid);
  terminal.press(text);
  while (bytesRead(pid) < before + text.length) await delay(5);
}

test.runIf(works).each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  'one %s ends the question for a passphrase, and the terminal is as it was (needs python3)',
  { timeout: 60_000 },
  async (signal) => {
    // the shell stays, and says what became of its terminal
    const run = `sh -c 'echo pid=$$; exec "${process.execPath}" "${CLI}" ls "${locked}"'`;
    const terminal = new TestTerminal([], { command: ['sh', '-c', `${run}; echo code=$?; stty -a`] });
    await terminal.until('Passphrase for');
    const pid = Number(/pid=(\d+)/.exec(terminal.output)?.[1]);
    await typeUnseen(terminal, 'half of the secr', pid);
    process.kill(pid, signal);
    await terminal.exited;
    expect(terminal.output).toContain(`coldcase: stopped by ${signal}`);
    expect(terminal.output).toContain('code=130');
    expect(terminal.output).toMatch(/[; ]icanon[ \r\n]/);
    expect(terminal.output).toMatch(/[; ]echo[ \r\n]/);
    expect(terminal.output).not.toContain('secr\r');
  },
);
