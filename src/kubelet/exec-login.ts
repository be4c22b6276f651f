import { type ChildProcess, spawn } from 'node:child_process';
import { type ColdcaseError, DeniedError, NotFoundError } from '../base/errors.js';
import { tryJson } from '../base/json.js';
import { object, text } from '../base/json-fields.js';
import { formatDuration, formatSize } from '../base/units.js';
import { excerpt } from './checkpoint-answer.js';
import { codeOf } from './connection-errors.js';
import type { ExecPlugin } from './exec-plugin.js';

/** How long a login helper may take where nobody watches it, in milliseconds: one that waits would wait for ever. */
const PATIENCE = 60_000;
const LONGEST_ANSWER = 1 << 20;
/** How long a helper that was asked to end may take for it, in milliseconds, before it is made to. */
const GRACE = 500;
/** How long is waited for the rest of what a helper wrote that has ended, where something else holds its pipes. */
const DRAIN = 1000;

/** What a login helper answered; secret. */
export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly cert: string | undefined;
  /** PEM. */
  readonly key: string | undefined;
  readonly expires: Date | undefined;
}

export interface ExecOptions {
  /** Milliseconds. */
  readonly patience?: number;
  /** Ends the helper, and the login with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a login helper (client.authentication.k8s.io ExecCredential). On a terminal it may speak with the user, as
 * kubectl lets it, for as long as it takes; otherwise it has no input, and is ended when it takes too long.
 *
 * @throws NotFoundError when it is not installed; DeniedError when it fails, hangs or answers anything else; the
 *   signal's reason
 */
export async function execLogin(plugin: ExecPlugin, options: ExecOptions = {}): Promise<ExecCredential> {
  const name = `the login helper ${plugin.command} of user ${plugin.user}`;
  const terminal = process.stdin.isTTY === true;
  if (plugin.interactiveMode === 'Always' && !terminal) {
    throw new DeniedError(`${name} wants a terminal to ask on`, {
      remedy: 'run coldcase in a terminal, or use credentials that ask nothing',
    });
  }
  const failed = (more: readonly string[]): DeniedError =>
    new DeniedError(`${name} failed`, { remedy: 'log in with it, then try again', more });
  const interactive = terminal && plugin.interactiveMode !== 'Never';
  const ended = await run(plugin, interactive, options);
  options.signal?.throwIfAborted();
  if (ended.error !== undefined) throw notStarted(ended.error);
  if (ended.late !== undefined) {
    throw new DeniedError(`${name} did not end within ${formatDuration(ended.late)}, and was ended`, {
      remedy: 'it may wait for an answer: log in with it in a terminal, then try again',
    });
  }
  if (ended.tooMuch) throw failed([`it wrote more than ${formatSize(LONGEST_ANSWER)}, and was ended`]);
  // what a helper writes to its stderr is meant for people; its stdout may hold a token, so not a byte is quoted
  const said = excerpt(ended.stderr);
  if (ended.code !== 0) throw failed(said === '' ? [] : [said]);
  return read(ended.stdout, plugin, (why) => failed([why]));

  function notStarted(error: Error): ColdcaseError {
    // EACCES also when nothing of that name is found and a directory of PATH may not be searched (execvp(3))
    if (!['ENOENT', 'EACCES'].includes(codeOf(error) ?? '')) return failed([error.message]);
    const hint = plugin.installHint?.trim().split('\n')[0];
    return new NotFoundError(`${name} is not installed here`, {
      remedy: hint || 'install it, or use other credentials',
      cause: error,
    });
  }
}

function read(stdout: string, plugin: ExecPlugin, wrong: (why: string) => DeniedError): ExecCredential {
  const answer = object(tryJson(stdout));
  if (answer['kind'] !== 'ExecCredential') throw wrong('its answer is no ExecCredential');
  if (answer['apiVersion'] !== plugin.apiVersion) {
    throw wrong(`its answer is not in the version that the kubeconfig says, ${plugin.apiVersion}`);
  }
  const status = object(answer, 'status');
  const [token, cert, key, expiry] = [
    ...['token', 'clientCertificateData', 'clientKeyData', 'expirationTimestamp'].map(
      (field) => text(status[field]) || undefined,
    ),
  ];
  if (token === undefined && cert === undefined && key === undefined)
    throw wrong('it gave neither a token nor a client certificate');
  if ((cert === undefined) !== (key === undefined))
    throw wrong('it gave a client certificate or a key, not both');
  const expires = expiry === undefined ? undefined : new Date(expiry);
  if (expires && Number.isNaN(expires.getTime())) throw wrong('its expirationTimestamp is no time');
  return { token, cert, key, expires };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It could not be started. */
  readonly error?: Error;
  /** It was ended after so many milliseconds. */
  readonly late?: number;
  readonly tooMuch: boolean;
}

function run(plugin: ExecPlugin, interactive: boolean, options: ExecOptions): Promise<Ended> {
  const { signal, patience = PATIENCE } = options;
  const info = {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: { cluster: plugin.cluster, interactive },
  };
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  const watched = process.stderr.isTTY === true;
  // a group of its own, so that what it started ends with it; on a terminal it stays where it may use that
  const detached = !interactive && !watched;
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(plugin.command, plugin.args, {
        env,
        detached,
        stdio: [interactive ? 'inherit' : 'ignore', 'pipe', watched ? 'inherit' : 'pipe'],
      });
    } catch (error) {
      // what does not fit into an environment, E2BIG, is thrown and not an event
      if (!(error instanceof Error)) throw error;
      resolve({ code: null, stdout: '', stderr: '', tooMuch: false, error });
      return;
    }
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let late: number | undefined;
    let tooMuch = false;
    let draining: NodeJS.Timeout | undefined;
    let stopping: NodeJS.Timeout | undefined;
    const kill = (how: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(detached ? -child.pid : child.pid, how);
      } catch {
        // gone already
      }
    };
    const stop = (): void => {
      if (stopping) return;
      kill('SIGTERM');
      stopping = setTimeout(() => done({ code: null }), GRACE);
      child.once('exit', () => done({ code: null }));
    };
    const timer = interactive
      ? undefined
      : setTimeout(() => {
          late = patience;
          stop();
        }, patience);
    const gather = (into: Buffer[]) => {
      let size = 0;
      return (chunk: Buffer): void => {
        size += chunk.length;
        if (size <= LONGEST_ANSWER) into.push(chunk);
        else {
          tooMuch = true;
          stop();
        }
      };
    };
    const done = (end: { code: number | null; error?: Error }): void => {
      clearTimeout(timer);
      clearTimeout(stopping);
      clearTimeout(draining);
      // nor is it waited for what it left running, which may hold on to its pipes
      if (stopping) kill('SIGKILL');
      signal?.removeEventListener('abort', stop);
      child.stdout?.destroy();
      child.stderr?.destroy();
      const stdout = Buffer.concat(out).toString('utf8');
      const stderr = Buffer.concat(err).toString('utf8');
      resolve({ ...end, stdout, stderr, tooMuch, ...(late === undefined ? {} : { late }) });
    };
    child.stdout?.on('data', gather(out));
    child.stderr?.on('data', gather(err));
    child.once('error', (error) => done({ code: null, error }));
    child.once('close', (code) => done({ code }));
    // one that leaves something running, a cache of tokens say, has answered all the same
    child.once('exit', (code) => {
      draining = setTimeout(() => done({ code }), DRAIN);
    });
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
  });
}
