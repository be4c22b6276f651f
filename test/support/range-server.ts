import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ByteSource } from '../../src/bytes/source.js';

/** A web server on 127.0.0.1 that serves one source, with ranges, and counts what it sends. */
export interface RangeServer {
  readonly url: string;
  bytesSent: number;
  requests: number;
  /** Sent with every answer; may be changed meanwhile. */
  headers: Record<string, string>;
  /** Answers a request in its own way, and returns true if it did. */
  misbehave: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function serveRanges(source: ByteSource): Promise<RangeServer> {
  const server = createServer((request, response) => {
    self.requests += 1;
    if (self.misbehave?.(request, response) === true) return;
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || to === undefined || Number(from) >= source.size) {
      response.writeHead(416, { 'content-range': `bytes */${source.size}` }).end();
      return;
    }
    const end = Math.min(Number(to) + 1, source.size);
    const bytes = await source.read(Number(from), end - Number(from));
    self.bytesSent += bytes.length;
    response.writeHead(206, {
      'content-range': `bytes ${from}-${end - 1}/${source.size}`,
      'content-length': bytes.length,
      ...self.headers,
    });
    response.end(bytes);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const self: RangeServer = {
    url: `http://127.0.0.1:${port}/evidence/archive.tar`,
    bytesSent: 0,
    requests: 0,
    headers: { etag: '"one"' },
    misbehave: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}
