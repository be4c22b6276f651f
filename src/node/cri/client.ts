import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { createConnection } from 'node:net';

/** gRPC status codes that say something about a runtime (grpc/status.h). */
export const GrpcStatus = { ok: 0, unknown: 2, notFound: 5, unimplemented: 12, unavailable: 14 } as const;

/** What a runtime answered. */
export interface GrpcAnswer {
  readonly status: number;
  /** The runtime's own words; untrusted. */
  readonly message: string;
  readonly body: Uint8Array;
}

const MAX_ANSWER = 16 << 20;
const TIMEOUT_MS = 5000;

/** A call that got no answer: nobody listens, no permission, no HTTP/2, too slow, too much. */
export class NoAnswer extends Error {}

/**
 * Calls one unary method of a gRPC server on a Unix socket, such as a CRI runtime's.
 *
 * @param path - the service and method, `/runtime.v1.RuntimeService/Version`
 * @throws NoAnswer when there is none
 */
export async function callUnary(socket: string, path: string, message: Uint8Array): Promise<GrpcAnswer> {
  const session = connectHttp2('http://localhost', { createConnection: () => createConnection(socket) });
  try {
    return await request(session, path, message);
  } finally {
    session.destroy();
  }
}

function request(session: ClientHttp2Session, path: string, message: Uint8Array): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new NoAnswer(why));
    const timer = setTimeout(() => fail(`no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    session.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    session.on('close', () => {
      clearTimeout(timer);
      fail('closed without an answer');
    });
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let status: string | undefined;
    let text = '';
    const note = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
      if (headers['grpc-message'] !== undefined) text = percentDecode(String(headers['grpc-message']));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER) fail(`answers more than ${MAX_ANSWER} bytes`);
    });
    stream.on('end', () => {
      if (status === undefined) fail('answers no gRPC');
      else resolve({ status: Number(status), message: text, body: unframe(Buffer.concat(chunks)) });
    });
    const frame = Buffer.alloc(5 + message.length); // uncompressed flag, length, message
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, 5);
    stream.end(frame);
  });
}

function unframe(bytes: Buffer): Uint8Array {
  if (bytes.length < 5 || bytes[0] !== 0) return new Uint8Array();
  return bytes.subarray(5, 5 + bytes.readUInt32BE(1));
}

function percentDecode(text: string): string {
  return Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
