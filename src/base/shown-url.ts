/**
 * How text is shown that is a URL, or was meant as one and mistyped: without user, password, query and fragment, as
 * each of them may be a secret. Everything that names an archive, a server, a proxy or a file on a terminal, in a
 * message, in a receipt or in a manifest, is shown by this; text that could be no URL comes back as it is.
 *
 * What makes no sense as a URL is shown in part at most: where it cannot be told what is a password and what is not,
 * too much is left out rather than too little.
 */
export function shownUrl(text: string): string {
  const begins = beginningOf(text);
  return begins === undefined ? text : text.slice(0, begins) + withoutSecrets(text.slice(begins));
}

/** Whether text is a URL, or was meant as one: has a scheme, and a slash or a host behind it. */
export function looksLikeUrl(text: string): boolean {
  return /^\s*(?:[a-z][a-z0-9+.-]{0,31}:[/\\]|(?:https?|ftp):)/i.test(text);
}

/** What was given on the command line, and is shown otherwise. */
const given = new Map<string, string>();

/**
 * Has messages show the URLs among these words without their secrets, in whatever form they are: in the middle of a
 * message it cannot be told where one ends that has blanks in it, nor that there is one without a scheme.
 */
export function hideUrlsAmong(words: readonly string[]): void {
  for (const word of words) {
    const value = /^--?[a-z-]+=(.*)$/s.exec(word)?.[1];
    for (const each of value === undefined ? [word] : [word, value]) {
      if (shownUrl(each) === each) continue;
      given.set(each, shownUrl(each));
      given.set(JSON.stringify(each).slice(1, -1), shownUrl(each)); // as messages quote what has quotes in it
    }
  }
}

/**
 * Text that may quote URLs, such as the message of another library, with each shown as `shownUrl` has it.
 *
 * @param known - texts that may be in it whole, blanks and quotes included: a path that a system call was given
 */
export function withShownUrls(text: string, known: readonly string[] = []): string {
  let rest = text;
  for (const [each, shown] of given) rest = rest.replaceAll(each, () => shown);
  for (const each of known) if (shownUrl(each) !== each) rest = rest.replaceAll(each, () => shownUrl(each));
  let shown = '';
  for (;;) {
    const scheme = schemeIn(rest);
    if (scheme === undefined) return shown + rest;
    const end = endOfWord(rest, scheme.end);
    shown += rest.slice(0, scheme.end) + withoutSecrets(rest.slice(scheme.end, end));
    rest = rest.slice(end);
  }
}

/** Of these the slashes are not even needed: `https:user:password@host` is a URL to WHATWG. */
const SPECIAL = /\b(?:https?|ftp|socks5h?):/i;
/** `user:password@host`, at the start; no path begins so, and no file in a directory. */
const BARE_LOGIN = /^(?![./~\\])[^/\\:@\s]*:[^@]*@/;
/** `host/path?name=value`: no file is called so by anybody. */
const BARE_QUERY = /^(?![./~\\])[^?#]*\?[^/?=]*=/;

/** Where the user or host begins; undefined where nothing looks like a URL. */
function beginningOf(text: string): number | undefined {
  const scheme = schemeIn(text);
  if (scheme !== undefined) return scheme.end;
  const special = SPECIAL.exec(text);
  if (special !== null) return special.index + special[0].length;
  // the colon was forgotten, or encoded: https//user:password@host
  const slashes = /[/\\]{2,}/.exec(text);
  if (slashes !== null) {
    const end = slashes.index + slashes[0].length;
    if (/^[^@=]*[:?][^@=]*[@=]/.test(text.slice(end))) return end;
  }
  const bare = text.trimStart();
  return BARE_LOGIN.test(bare) || BARE_QUERY.test(bare) ? 0 : undefined;
}

/**
 * The first scheme in a text, with a slash or backslash behind its colon at least: `https://`, and the mistyped
 * `https:/`. Found from its colon, so that a long text takes time in proportion.
 */
function schemeIn(text: string): { readonly end: number } | undefined {
  for (const { index } of text.matchAll(/:[/\\]/g)) {
    if (!/[a-z][a-z0-9+.-]{0,31}$/i.test(text.slice(Math.max(0, index - 32), index))) continue;
    let end = index + 1;
    while (text[end] === '/' || text[end] === '\\') end += 1;
    return { end };
  }
  return undefined;
}

/** Where a URL in the middle of a text ends: at a blank, a quote, or the punctuation of the sentence. */
function endOfWord(text: string, from: number): number {
  const length = text.slice(from).search(/[\s"'<>`]/);
  let end = length < 0 ? text.length : from + length;
  while (end > from && '.,;:)]'.includes(text[end - 1] ?? '')) end -= 1;
  return end;
}

/** Stands for all that could not be told from a secret. */
const HIDDEN = '...';

/** @param text - from the user or host on: `user:password@host:port/path?query#fragment`, or something like it */
function withoutSecrets(text: string): string {
  const authority = upTo(text, /[/\\?#]/);
  const behind = text.slice(authority.length);
  const path = upTo(behind, /[?#]/);
  const server = authority.slice(authority.lastIndexOf('@') + 1);
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(.*)$/s.exec(server) ?? [];
  const at = behind.lastIndexOf('@');
  if (at < 0 || port === '') return (/^(?::\d{0,5})?$/.test(port) ? server : host) + path;
  // user:1/2@host: is this a password with a slash or a question mark in it, or a port and an @ further on?
  return at < path.length ? `${HIDDEN}@${path.slice(at + 1)}` : HIDDEN;
}

function upTo(text: string, end: RegExp): string {
  const at = text.search(end);
  return at < 0 ? text : text.slice(0, at);
}
