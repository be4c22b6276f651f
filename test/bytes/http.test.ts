import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHttp } from '../../src/bytes/http.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { type RangeServer, serveRanges } from '../support/range-server.js';

const bytes = randomBytes(1_000_003);
let server: RangeServer;
beforeEach(async () => {
  server = await serveRanges(new MemorySource(bytes, 'served'));
});
afterEach(() => server.close());

const open = () => openHttp(server.url, { retryMs: 1, timeoutMs: 500 });
const status = (code: number, headers: Record<string, string> = {}) => {
  server.misbehave = (_request, response) => {
    response.writeHead(code, headers).end('no');
    return true;
  };
};

test('reads what is there, at any offset, and what it has only once', async () => {
  const source = await open();
  expect(source.size).toBe(bytes.length);
  for (const [offset, length] of [
    [0, 10],
    [65_530, 20],
    [999_990, 13],
    [3, 950_000],
    [1_000_003, 0],
  ] as const) {
    expect(Buffer.compare(await source.read(offset, length), bytes.subarray(offset, offset + length))).toBe(
      0,
    );
  }
  expect(server.bytesSent).toBe(bytes.length);
  await expect(source.read(1_000_000, 4)).rejects.toMatchObject({ exitCode: 5 });
  await source.close();
});

test('refuses a server without ranges, and says what to do', async () => {
  status(200);
  await expect(open()).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('does not serve ranges'),
    remedy: expect.stringContaining('download'),
  });
});

test.each([
  [401, 3],
  [403, 3],
  [404, 4],
  [416, 1],
  [418, 1],
])('HTTP %i ends with exit code %i', async (code, exitCode) => {
  status(code);
  await expect(open()).rejects.toMatchObject({ exitCode });
});

test.each([
  ['another range', { 'content-range': 'bytes 5-9/1000003' }],
  ['no range', {}],
  ['a range that makes no sense', { 'content-range': 'bytes 0-99999999999999999999/1' }],
  ['coded content', { 'content-range': 'bytes 0-65535/1000003', 'content-encoding': 'gzip' }],
])('refuses an answer with %s', async (_what, headers) => {
  status(206, headers);
  await expect(open()).rejects.toMatchObject({ exitCode: 1 });
});

test('a body that is longer than its range is refused, a shorter one tried again and then refused', async () => {
  const answer = (body: Buffer) => {
    server.misbehave = (_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-65535/1000003' }).end(body);
      return true;
    };
  };
  answer(Buffer.alloc(65_537));
  await expect(open()).rejects.toThrow('more than was asked for');
  expect(server.requests).toBe(1);
  answer(Buffer.alloc(65_535));
  await expect(open()).rejects.toThrow('too early');
  expect(server.requests).toBe(5);
});

test.each([
  ['an overloaded server', (response: ServerResponse) => response.writeHead(503).end()],
  ['a connection lost before the answer', (response: ServerResponse) => response.socket?.destroy()],
  [
    'a connection lost within the answer',
    (response: ServerResponse) => {
      response.writeHead(206, { 'content-range': 'bytes 0-65535/1000003', 'content-length': 65_536 });
      response.write('some', () => response.socket?.destroy());
    },
  ],
  ['a server that falls silent', () => {}],
])('%s is tried again', async (_what, fail) => {
  let failures = 2;
  server.misbehave = (_request, response) => {
    failures -= 1;
    if (failures < 0) return false;
    fail(response);
    return true;
  };
  const source = await open();
  expect(Buffer.compare(await source.read(0, 100), bytes.subarray(0, 100))).toBe(0);
  expect(server.requests).toBe(3);
  await source.close();
});

test('gives up after four attempts', async () => {
  status(503);
  await expect(open()).rejects.toThrow('HTTP 503');
  expect(server.requests).toBe(4);
});

test.each([
  ['etag', { etag: '"two"' }],
  ['last-modified', { etag: '"one"', 'last-modified': 'Mon, 23 Nov 2026 16:00:00 GMT' }],
])('notices by %s that the file changed', async (_what, headers) => {
  const source = await open();
  server.headers = headers;
  await expect(source.read(500_000, 10)).rejects.toMatchObject({ exitCode: 5 });
  await source.close();
});

test('follows redirects, but not for ever and not to other schemes', async () => {
  const redirect = (location: string, times: number) => {
    let left = times;
    server.misbehave = (_request, response) => {
      left -= 1;
      if (left < 0) return false;
      response.writeHead(302, { location }).end();
      return true;
    };
  };
  redirect('/elsewhere', 5);
  await (await open()).close();
  redirect('/elsewhere', 6);
  await expect(open()).rejects.toThrow('redirects more than 5 times');
  redirect('file:///etc/passwd', 1);
  await expect(open()).rejects.toThrow('not followed');
});

test('a server that is not there', async () => {
  await server.close();
  await expect(open()).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('messages never hold the secrets of a URL', async () => {
  status(403);
  const url = server.url.replace('://', '://me:secret@');
  await expect(openHttp(`${url}?X-Signature=abc`)).rejects.toThrow(/^http:\/\/127[^?]*\.tar: not allowed/);
});

test('what is no URL is a mistake of the command line, told without its secrets', async () => {
  for (const url of [
    'http://u:PW@h:99999/x?SIG',
    'https://u:PW@/x?SIG',
    'https://u:P W@h h/',
    'http://u:PW@[::/',
  ]) {
    const error: unknown = await openHttp(url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('is no URL that can be read'),
    });
    expect(String(error)).not.toMatch(/PW|P W|SIG|u:/);
  }
});

test.each(['head', 'body'])(
  'a server that drips its %s is left after a while',
  { timeout: 20_000 },
  async (part) => {
    let asked = 0;
    server.misbehave = (_request, response) => {
      asked += 1;
      const head = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-65535/1000003\r\nContent-Length: 65536\r\n`;
      response.socket?.write(part === 'head' ? head : `${head}\r\n`);
      const timer = setInterval(() => response.socket?.write('x'), 20);
      response.socket?.on('close', () => clearInterval(timer)).on('error', () => {});
      return true;
    };
    await expect(
      openHttp(server.url, { retryMs: 1, timeoutMs: 400, slowest: 1 << 20 }),
    ).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('the server is too slow'),
    });
    expect(asked).toBe(1);
  },
);

test('one that is only slow is read', async () => {
  server.misbehave = (_request, response) => {
    response.writeHead(206, {
      'content-range': 'bytes 0-65535/65536',
      'content-length': 65_536,
      etag: '"one"',
    });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(bytes.subarray(sent, sent + 4096));
      sent += 4096;
      if (sent < 65_536) return;
      clearInterval(timer);
      response.end();
    }, 10);
    return true;
  };
  const source = await openHttp(server.url, { retryMs: 1, timeoutMs: 30_000 });
  expect(await source.read(0, 10)).toEqual(Buffer.from(bytes.subarray(0, 10)));
  await source.close();
});
