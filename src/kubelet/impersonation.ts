import { FailedError } from '../base/errors.js';
import type { JsonValue } from '../base/json.js';
import { list, object, text } from '../base/json-fields.js';
import type { Entry } from './kubeconfig-files.js';

/**
 * The headers for whom a kubeconfig's user wants to be taken for: `as`, `as-uid`, `as-groups`, `as-user-extra`
 * (client-go, transport/round_trippers.go).
 *
 * @throws FailedError when there is all but the user's name
 */
export function impersonation(user: Entry): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const as = text(user.fields, 'as') ?? '';
  const uid = text(user.fields, 'as-uid') ?? '';
  const groups = strings(user.fields['as-groups']);
  const extra = Object.entries(object(user.fields, 'as-user-extra'));
  if (as === '') {
    if (uid === '' && groups.length === 0 && extra.length === 0) return headers;
    throw new FailedError(`user ${user.name} of the kubeconfig impersonates a uid or groups, but no user`, {
      remedy: 'add its name as `as`, as kubectl wants it too',
    });
  }
  headers['Impersonate-User'] = encoded(as);
  if (uid !== '') headers['Impersonate-Uid'] = encoded(uid);
  if (groups.length > 0) headers['Impersonate-Group'] = groups.map(encoded); // one header line each
  for (const [key, values] of extra) {
    headers[`Impersonate-Extra-${escapeKey(key)}`] = strings(values).map(encoded);
  }
  return headers;
}

function strings(value: JsonValue | undefined): string[] {
  return list(value).filter((one) => typeof one === 'string');
}

/** A header's value goes out as bytes, one for each character: UTF-8, as Go sends it. */
function encoded(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** What no header name may hold (RFC 9110, section 5.6.2), and the percent sign itself, as %XX. */
function escapeKey(key: string): string {
  return [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const one = String.fromCharCode(byte);
      return /[\w!#$&'*+.^`|~-]/.test(one) ? one : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
