import { realpath, stat } from 'node:fs/promises';
import { isMap, isSeq, parseDocument } from 'yaml';
import { FailedError } from '../base/errors.js';
import { createAside } from '../base/files.js';
import type { Entry } from './kubeconfig-files.js';
import { readSmallFile } from './read-file.js';

/**
 * Writes renewed tokens into the kubeconfig that the user comes from; everything else in it, comments too, stays as
 * it is, and so do its owner and mode.
 *
 * @throws ColdcaseError when the file cannot be written
 */
export async function keepTokens(user: Entry, tokens: Readonly<Record<string, string>>): Promise<void> {
  const path = await realpath(user.file);
  const document = parseDocument(await readSmallFile(path, 'kubeconfig', 4 << 20));
  const users = document.get('users');
  const at = isSeq(users) ? users.items.findIndex((one) => isMap(one) && one.get('name') === user.name) : -1;
  if (at < 0) throw new FailedError(`${path} has no user ${user.name} any more`);
  for (const [name, token] of Object.entries(tokens)) {
    document.setIn(['users', at, 'user', 'auth-provider', 'config', name], token);
  }
  const { mode, uid, gid } = await stat(path);
  const file = await createAside(path, { force: true });
  try {
    await file.handle.writeFile(document.toString({ lineWidth: 0 }));
    await file.handle.chmod(mode & 0o777);
    await file.handle.chown(uid, gid);
    await file.commit();
  } finally {
    await file.discard();
  }
}
