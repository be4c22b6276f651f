import { type ExecFileException, execFile } from 'node:child_process';
import { type ColdcaseError, DeniedError, NotFoundError } from '../base/errors.js';
import { formatDuration } from '../base/units.js';
import { excerpt } from './checkpoint-answer.js';
import { fields, list, parseJson, text } from './json.js';

/** How long a login helper may take, in milliseconds: one that waits for a person would wait for ever. */
const PATIENCE = 60_000;
const LONGEST_ANSWER = 1 << 20;

/** What a login helper answered; secret. */
export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly cert: string | undefined;
  /** PEM. */
  readonly key: string | undefined;
}

/**
 * Runs the login helper that a kubeconfig's user names under `exec` (client.authentication.k8s.io ExecCredential),
 * without a terminal or standard input, and ends it when it takes too long.
 *
 * @param exec - the user's `exec`, its command already resolved
 * @param user - whose login it is, for errors
 * @throws NotFoundError when it is not installed; DeniedError when it fails, hangs or answers anything else
 */
export async function execLogin(exec: unknown, user: string, patience = PATIENCE): Promise<ExecCredential> {
  const { command, args, env, installHint } = fields(exec);
  const program = text(command) ?? '';
  const failed = (remedy: string, more: readonly string[]): DeniedError =>
    new DeniedError(`the login helper ${program} of user ${user} failed`, { remedy, more });
  if (program === '') throw failed('the kubeconfig names no command for it', []);
  const words = list(args).filter((word) => typeof word === 'string');
  const environment = { ...process.env };
  for (const one of list(env).map(fields)) {
    const [name, value] = [text(one['name']), text(one['value'])];
    if (name !== undefined && value !== undefined) environment[name] = value;
  }
  const { error, stdout, stderr } = await run(program, words, environment, patience);
  if (error !== null) throw whyNot(error);
  const { token, clientCertificateData, clientKeyData } = fields(fields(parseJson(stdout))['status']);
  const credential = { token: text(token), cert: text(clientCertificateData), key: text(clientKeyData) };
  // its stdout may hold a token, so not a byte of it is quoted
  if (credential.token === undefined && credential.cert === undefined)
    throw failed('log in with it, then try again', ['its answer is no ExecCredential']);
  return credential;

  function whyNot(problem: ExecFileException): ColdcaseError {
    // EACCES also when nothing of that name is found and a directory of PATH may not be searched (execvp(3))
    if (['ENOENT', 'EACCES'].includes(String(problem.code))) {
      const remedy = text(installHint)?.trim().split('\n')[0] ?? 'install it, or use other credentials';
      return new NotFoundError(`the login helper ${program} of user ${user} is not installed here`, {
        remedy,
        cause: problem,
      });
    }
    if (problem.killed === true && problem.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
      return new DeniedError(
        `the login helper ${program} of user ${user} did not end within ${formatDuration(patience)}, and was ended`,
        { remedy: 'it may wait for an answer: log in with it in a terminal, then try again' },
      );
    }
    // what a helper writes to its stderr is meant for people
    const said = excerpt(stderr);
    return failed('log in with it, then try again', said === '' ? [] : [said]);
  }
}

interface Ended {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env, timeout, killSignal: 'SIGKILL', maxBuffer: LONGEST_ANSWER } as const;
    const child = execFile(program, words, options, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
    // nobody is there to answer; a helper that is gone before is no error of its own
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}
