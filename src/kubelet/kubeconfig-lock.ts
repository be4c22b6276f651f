import { constants, open, unlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { FailedError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';

/** How long is waited for another that writes, in milliseconds: nobody needs longer for a small file. */
const PATIENCE = 2000;
const PAUSE = 50;

/**
 * Keeps kubectl, and other coldcases, from writing a kubeconfig: the file FILE.lock, which only one can make
 * (client-go, tools/clientcmd/config.go and loader.go).
 *
 * @returns ends it
 * @throws FailedError when another does not end; DeniedError when the directory cannot be written to
 */
export async function lockKubeconfig(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (const until = performance.now() + PATIENCE; ; await wait(PAUSE)) {
    try {
      await (await open(lock, flags, 0o600)).close();
      return () =>
        unlink(lock).catch((error: unknown) => {
          if (errorCode(error) !== 'ENOENT') throw fileError(error, lock, 'remove');
        });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw fileError(error, lock, 'write');
      if (performance.now() < until) continue;
      throw new FailedError(`${lock} is there: another program writes it`, {
        remedy: 'remove it when none does',
        cause: error,
      });
    }
  }
}
