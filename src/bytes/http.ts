import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { DeniedError, FailedError, IntegrityError, NotFoundError, UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { urlLogin } from '../base/url-login.js';
import { ByteCache } from './lru.js';
import { requireRange } from './range.js';
import type { ByteSource } from './source.js';

const HTTP_BLOCK = 64 * 1024;
const CACHE = 16 * 1024 * 1024;
/** Asked for at once at most; longer reads are several requests. */
const BATCH_BLOCKS = 64;
const MAX_REDIRECTS = 5;
const ATTEMPTS = 4;
const RETRY_MS = 200;
const TIMEOUT_MS = 30_000;
/** Bytes in a second: what sends less, a byte now and then, would hold a command for as long as it likes. */
const SLOWEST = 16 * 1024;

export interface HttpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Pause before the first retry in milliseconds; doubles with each. */
  readonly retryMs?: number;
  /** How long a connection, an answer's beginning, or its next bytes may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** Bytes in a second that a server must send at least. Default 16 KiB. */
  readonly slowest?: number;
}

/** What must stay the same from answer to answer for their bytes to be of one file. */
interface Identity {
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
}

interface Range {
  readonly bytes: Uint8Array;
  readonly identity: Identity;
}

/**
 * An HTTP resource as a source, read by range requests of whole 64 KiB blocks, of which 16 MiB are kept.
 * Redirects are followed; lost connections and overloaded servers are tried again, a few times.
 *
 * @throws UsageError when it is no URL; FailedError when the server cannot be reached or serves no ranges;
 * NotFoundError, DeniedError
 */
export async function openHttp(url: string, options: HttpOptions = {}): Promise<ByteSource> {
  const client = new HttpClient(url, options);
  try {
    const { bytes, identity } = await client.range(0, HTTP_BLOCK);
    return new HttpSource(client, identity, bytes);
  } catch (error) {
    await client.close();
    throw error;
  }
}

class HttpSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #client: HttpClient;
  readonly #identity: Identity;
  readonly #cache = new ByteCache<number>(CACHE);

  constructor(client: HttpClient, identity: Identity, firstBlock: Uint8Array) {
    this.#client = client;
    this.#identity = identity;
    this.name = client.name;
    this.size = identity.size;
    this.#cache.set(0, firstBlock);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    requireRange(this, offset, length);
    const out = Buffer.allocUnsafeSlow(length);
    const last = Math.floor((offset + length - 1) / HTTP_BLOCK);
    for (let block = Math.floor(offset / HTTP_BLOCK); block <= last; block += 1) {
      const bytes = this.#cache.get(block) ?? (await this.#fetch(block, last));
      const from = Math.max(0, offset - block * HTTP_BLOCK);
      out.set(bytes.subarray(from, offset + length - block * HTTP_BLOCK), block * HTTP_BLOCK + from - offset);
    }
    return out;
  }

  close(): Promise<void> {
    this.#cache.clear();
    return this.#client.close();
  }

  /** Gets a block and those missing right after it that are wanted too. */
  async #fetch(first: number, last: number): Promise<Uint8Array> {
    let end = first + 1;
    while (end <= last && end - first < BATCH_BLOCKS && !this.#cache.has(end)) end += 1;
    const start = first * HTTP_BLOCK;
    const { bytes, identity } = await this.#client.range(
      start,
      Math.min(end * HTTP_BLOCK, this.size) - start,
    );
    const same =
      identity.size === this.size &&
      identity.etag === this.#identity.etag &&
      identity.modified === this.#identity.modified;
    if (!same) {
      throw new IntegrityError(`${this.name} changed while it was read`, { remedy: 'run the command again' });
    }
    for (let block = end - 1; block >= first; block -= 1) {
      const at = (block - first) * HTTP_BLOCK;
      this.#cache.set(block, bytes.slice(at, at + HTTP_BLOCK));
    }
    return bytes.subarray(0, HTTP_BLOCK);
  }
}

/** Lets an answer's body go unread. The only error that comes of it is that it was let go. */
function abandon(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => {}).destroy();
}

/** Its text is not quoted, nor the error, which may quote it: it may hold a password. */
function throughProxy(settings: EnvHttpProxyAgent.Options): Dispatcher {
  try {
    return new EnvHttpProxyAgent(settings);
  } catch {
    throw new FailedError('HTTPS_PROXY or HTTP_PROXY names no proxy that can be used', {
      remedy: 'http://HOST:PORT or https://HOST:PORT is meant; NO_PROXY exempts hosts',
    });
  }
}

/** A failure that another attempt may not meet. */
class TransientError extends FailedError {}

class HttpClient {
  readonly name: string;
  readonly #dispatcher: Dispatcher;
  readonly #options: HttpOptions;
  /** Where redirects have led. */
  #url: string;

  constructor(url: string, options: HttpOptions) {
    this.name = shownUrl(url);
    if (!URL.canParse(url)) {
      throw new UsageError(`${this.name} is no URL that can be read`, {
        remedy:
          'https://HOST:PORT/PATH is meant: check the port, and that % : / ? # @ stand for what they are',
      });
    }
    this.#url = new URL(url).href;
    this.#options = options;
    const timeout = options.timeoutMs ?? TIMEOUT_MS;
    const settings = { connect: { timeout }, headersTimeout: timeout, bodyTimeout: timeout };
    const proxy = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((key) => process.env[key]);
    this.#dispatcher = proxy ? throughProxy(settings) : new Agent(settings);
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  /** Bytes of the resource; fewer than `length` only at its end. */
  async range(offset: number, length: number): Promise<Range> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#follow(offset, length);
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (!(error instanceof TransientError) || attempt === ATTEMPTS) throw error;
        await sleep((this.#options.retryMs ?? RETRY_MS) * 2 ** (attempt - 1));
      }
    }
  }

  async #follow(offset: number, length: number): Promise<Range> {
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const deadline = AbortSignal.timeout(this.#patience(length));
      const answer = await this.#send(offset, length, deadline);
      const location = answer.headers['location'];
      if (![301, 302, 303, 307, 308].includes(answer.statusCode) || typeof location !== 'string') {
        return await this.#take(answer, offset, length, deadline);
      }
      abandon(answer.body);
      const target = URL.canParse(location, this.#url) ? new URL(location, this.#url) : undefined;
      if (target === undefined) throw new FailedError(`${this.name} redirects to what is no URL`);
      const downgrade = this.#url.startsWith('https:') && target.protocol !== 'https:';
      if (downgrade || !['http:', 'https:'].includes(target.protocol)) {
        throw new FailedError(
          `${this.name} redirects to ${target.protocol}//${target.host}, which is not followed`,
        );
      }
      this.#url = target.href;
    }
    throw new FailedError(`${this.name} redirects more than ${MAX_REDIRECTS} times`);
  }

  /** How long a whole exchange may take, in milliseconds: no idle limit holds for one that never idles. */
  #patience(length: number): number {
    const { timeoutMs = TIMEOUT_MS, slowest = SLOWEST } = this.#options;
    return Math.ceil(timeoutMs + (length * 1000) / slowest);
  }

  async #send(offset: number, length: number, deadline: AbortSignal): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.#url);
    const headers: Record<string, string> = {
      range: `bytes=${offset}-${offset + length - 1}`,
      'accept-encoding': 'identity',
    };
    const login = urlLogin(url);
    if (login !== undefined) {
      const credentials = Buffer.from(`${login.name}:${login.password}`);
      headers['authorization'] = `Basic ${credentials.toString('base64')}`;
      url.username = '';
      url.password = '';
    }
    const given = this.#options.signal;
    const signal = given === undefined ? deadline : AbortSignal.any([given, deadline]);
    try {
      return await request(url, { dispatcher: this.#dispatcher, headers, signal });
    } catch (cause) {
      throw this.#lost(cause, deadline);
    }
  }

  async #take(
    answer: Dispatcher.ResponseData,
    offset: number,
    length: number,
    deadline: AbortSignal,
  ): Promise<Range> {
    const { statusCode, headers, body } = answer;
    if (statusCode !== 206) {
      abandon(body);
      throw this.#refused(statusCode);
    }
    const header = (name: string): string => String(headers[name] ?? '');
    const [, from, to, total] =
      /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(header('content-range')) ?? [];
    const size = Number(total);
    const wanted = Math.min(length, size - offset);
    const encoded = !['', 'identity'].includes(header('content-encoding'));
    if (Number(from) !== offset || Number(to) !== offset + wanted - 1 || encoded) {
      abandon(body);
      throw new FailedError(`${this.name}: the server answers another range than was asked for`, {
        remedy: 'download the file, and read it from there',
      });
    }
    const bytes = await this.#body(body, wanted, deadline);
    return { bytes, identity: { size, etag: header('etag'), modified: header('last-modified') } };
  }

  async #body(
    body: Dispatcher.ResponseData['body'],
    wanted: number,
    deadline: AbortSignal,
  ): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    try {
      for await (const chunk of body) {
        if (!(chunk instanceof Uint8Array) || filled + chunk.length > wanted) {
          throw new FailedError(`${this.name}: the server sends more than was asked for`);
        }
        bytes.set(chunk, filled);
        filled += chunk.length;
      }
    } catch (cause) {
      throw this.#lost(cause, deadline);
    }
    if (filled < wanted) throw new TransientError(`${this.name}: the answer ends too early`);
    return bytes;
  }

  #refused(status: number): Error {
    if (status === 200) {
      return new FailedError(`${this.name}: the server does not serve ranges`, {
        remedy: 'download the file, and read it from there',
      });
    }
    if (status === 401 || status === 403) {
      return new DeniedError(`${this.name}: not allowed (HTTP ${status})`, {
        remedy: 'the URL may have expired, or lack its credentials',
      });
    }
    if (status === 404 || status === 410)
      return new NotFoundError(`${this.name}: not there (HTTP ${status})`, {
        remedy: 'check the URL: the server answers, but has nothing of that name',
      });
    if (status === 416) return new FailedError(`${this.name}: empty, or shorter than it was (HTTP 416)`);
    if ([429, 500, 502, 503, 504].includes(status)) return new TransientError(`${this.name}: HTTP ${status}`);
    return new FailedError(`${this.name}: the server answers HTTP ${status}`);
  }

  #lost(cause: unknown, deadline: AbortSignal): unknown {
    if (cause instanceof FailedError || this.#options.signal?.aborted === true) return cause;
    if (deadline.aborted) {
      return new FailedError(`${this.name}: the server is too slow`, {
        remedy: `it has to send ${(this.#options.slowest ?? SLOWEST) / 1024} KiB a second; download the file, and read it from there`,
        cause,
      });
    }
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'connection lost';
    const lasting = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED'].includes(code) || /CERT|TLS|SSL/.test(code);
    const message = `${this.name} cannot be read (${code})`;
    const remedy = remedyFor(code);
    return lasting ? new FailedError(message, { cause, remedy }) : new TransientError(message, { cause });
  }
}

/** What can be done about a connection that failed for good. */
function remedyFor(code: string): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there: check host and port';
  if (code === 'ENOTFOUND') return 'the host is not known: check its name';
  if (code === 'EAI_AGAIN') return 'DNS does not answer here; try the IP address';
  return 'the server cannot prove who it is: NODE_EXTRA_CA_CERTS=FILE adds an authority, or download the file';
}
