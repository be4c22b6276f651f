import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { type Fields, fields, list, text } from './json.js';
import { readSmallFile } from './read-file.js';

/**
 * Headers for what a kubeconfig's user may hold and the client library does not read: `tokenFile` (which wins over
 * `token`), and `as-groups` and `as-uid` of impersonation. Fields as in client-go's clientcmd/api/v1.AuthInfo.
 */
export async function userExtras(
  files: readonly string[],
  user: string,
): Promise<Record<string, string | string[]>> {
  for (const file of files) {
    const config = fields(parse(await readSmallFile(file, 'kubeconfig', 4 << 20)));
    const entry = list(config['users'])
      .map(fields)
      .find((one) => one['name'] === user);
    if (entry) return headersOf(fields(entry['user']), dirname(file));
  }
  return {};
}

async function headersOf(user: Fields, directory: string): Promise<Record<string, string | string[]>> {
  const headers: Record<string, string | string[]> = {};
  const tokenFile = text(user['tokenFile']);
  if (tokenFile !== undefined) {
    const token = await readSmallFile(resolve(directory, tokenFile), 'token file');
    headers['Authorization'] = `Bearer ${token.trim()}`;
  }
  const groups = list(user['as-groups']).filter((group) => typeof group === 'string');
  if (groups.length > 0) headers['Impersonate-Group'] = groups; // one header line each
  const uid = text(user['as-uid']);
  if (uid !== undefined) headers['Impersonate-Uid'] = uid;
  return headers;
}
