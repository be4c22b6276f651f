import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hasLab, labRun } from '../../support/lab.js';
import { Cri } from './cri.js';

/** Whether the lab has containerd. It is not among what `lab up` installs. */
const installed =
  hasLab && labRun(['sh', '-c', 'command -v containerd runc >/dev/null && echo yes || true']).length > 0;

export const hasContainerd = installed;
export const containerdTitle = installed
  ? 'in the lab'
  : 'in the lab (skipped: needs root, COLDCASE_LAB, and there apt-get install containerd runc)';

/** A session of the lab with containerd in it, which has directories of its own and takes everything along at its end. */
export class LabNode {
  readonly #session: ChildProcess;
  /** A process that sees the session's mounts. */
  readonly pid: number;
  /** The node's file system, from outside: a `--host-root`. */
  readonly root: string;
  readonly cri: Cri;

  private constructor(session: ChildProcess, pid: number) {
    this.#session = session;
    this.pid = pid;
    this.root = `/proc/${pid}/root`;
    this.cri = new Cri(`${this.root}/run/containerd/containerd.sock`);
  }

  static async start(cgroups: 1 | 2): Promise<LabNode> {
    const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
    const session = spawn(
      process.env['COLDCASE_LAB'] ?? '',
      ['run', 'bash', '-c', file('session.sh'), 'session', file('hog.c'), String(cgroups)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    let said = '';
    const pid = await new Promise<number>((resolve, reject) => {
      session.stdout.on('data', (data: Buffer) => {
        said += data.toString();
        const ready = /^ready (\d+)$/m.exec(said)?.[1];
        if (ready !== undefined) resolve(Number(ready));
      });
      session.on('error', reject);
      session.on('close', (code) => reject(new Error(`the lab ended with ${code}: ${said}`)));
    });
    return new LabNode(session, pid);
  }

  /** Runs a command on the node. @returns its exit code and what it printed, errors too */
  run(...command: readonly string[]): { readonly code: number | null; readonly said: string } {
    const words = ['-t', String(this.pid), '-m', '-r', '-w', ...command];
    const { status, stdout, stderr } = spawnSync('nsenter', words, {
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    return { code: status, said: stdout.toString() + stderr.toString() };
  }

  /** What a command prints, which must succeed. */
  out(...command: readonly string[]): string {
    const { code, said } = this.run(...command);
    if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}: ${said}`);
    return said;
  }

  /** containerd's word for a container's task: RUNNING, PAUSED. */
  taskState(id: string): string | undefined {
    const line = this.out('ctr', '-n', 'k8s.io', 'tasks', 'ls')
      .split('\n')
      .find((one) => one.startsWith(id));
    return line?.trim().split(/\s+/)[2];
  }

  /** Kills containerd at once; its shims and containers live on, as on any node. */
  killContainerd(): void {
    this.out('sh', '-c', 'kill -9 "$(cat /run/coldcase-session/containerd.pid)"');
  }

  startContainerd(): void {
    this.out('sh', '/run/coldcase-session/start', '/run/coldcase-session/');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#session.on('close', resolve));
    this.#session.stdin?.end();
    await ended;
  }
}
