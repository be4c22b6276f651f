import { access, constants, realpath, stat } from 'node:fs/promises';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { FailedError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { plainJson } from '../base/json.js';
import { list, texts } from '../base/json-fields.js';
import { writeAside } from '../base/write-aside.js';
import type { Entry } from './kubeconfig-files.js';
import { lockKubeconfig } from './kubeconfig-lock.js';
import { readSmallFile } from './read-file.js';

const LONGEST = 4 << 20;

/**
 * Writes renewed tokens into the kubeconfig that the user comes from; everything else in it, comments too, stays as
 * it is, and so do its owner and mode.
 *
 * @throws ColdcaseError when the file cannot be written
 */
export async function keepTokens(user: Entry, tokens: Readonly<Record<string, string>>): Promise<void> {
  const path = await realpath(user.file);
  const unlock = await lockKubeconfig(path);
  try {
    const document = parseDocument(await readSmallFile(path, 'kubeconfig', LONGEST));
    const at = indexOf(document, user.name);
    if (at < 0) throw new FailedError(`${path} has no user ${user.name} any more`);
    for (const [name, token] of Object.entries(tokens)) {
      document.setIn(['users', at, 'user', 'auth-provider', 'config', name], token);
    }
    await replace(path, document.toString({ lineWidth: 0 }));
  } finally {
    await unlock();
  }
}

/**
 * What the kubeconfig says of a user's auth-provider now; undefined when it no longer has that user.
 *
 * @throws ColdcaseError when it cannot be read
 */
export async function keptConfig(user: Entry): Promise<Readonly<Record<string, string>> | undefined> {
  const document = parseDocument(await readSmallFile(user.file, 'kubeconfig', LONGEST));
  const at = indexOf(document, user.name);
  if (at < 0) return undefined;
  const users = list(plainJson(user.file, document.toJS()), 'users');
  return texts(users[at], 'user', 'auth-provider', 'config');
}

function indexOf(document: Document, name: string): number {
  const users = document.get('users');
  return isSeq(users) ? users.items.findIndex((one) => isMap(one) && one.get('name') === name) : -1;
}

async function replace(path: string, content: string): Promise<void> {
  // a new file takes its place, which asks only the directory; who made it read-only meant it
  await access(path, constants.W_OK).catch((error: unknown) => {
    throw fileError(error, path, 'write');
  });
  const { mode, uid, gid } = await stat(path);
  await writeAside(path, { force: true }, async ({ output, handle }) => {
    await output.append(content);
    try {
      await handle.chown(uid, gid);
      await handle.chmod(mode & 0o777); // for the group that it has now
    } catch (error) {
      throw fileError(error, path, 'keep owner and mode of');
    }
  });
}
