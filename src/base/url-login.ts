import { UsageError } from './errors.js';
import { shownUrl } from './shown-url.js';

/**
 * The user and password of a URL, decoded; undefined when it has neither. Secret.
 *
 * @throws UsageError when they cannot be decoded
 */
export function urlLogin(url: URL): { readonly name: string; readonly password: string } | undefined {
  if (url.username + url.password === '') return undefined;
  try {
    return { name: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    // not kept as the cause: it may quote what it is about
    throw new UsageError(`the user or password in the URL ${shownUrl(url.href)} cannot be decoded`, {
      remedy: 'a % begins two hex digits there: write %25 for % itself',
    });
  }
}
