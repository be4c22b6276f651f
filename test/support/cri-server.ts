import { mkdirSync } from 'node:fs';
import { createServer, type Http2Server } from 'node:http2';
import { dirname } from 'node:path';
import { BinaryWriter } from '@bufbuild/protobuf/wire';

export interface StandInRuntime {
  readonly name: string;
  readonly version: string;
  /** What CheckpointContainer answers for a container that is not there: a gRPC status and a message. */
  readonly checkpoint: { readonly status: number; readonly message: string };
  /** The runtime's own configuration, as Status tells it. */
  readonly config?: unknown;
  /** A running container: its ID and what ContainerStatus tells of it. */
  readonly container?: { readonly id: string; readonly info: unknown };
}

/** A CRI v1 runtime on a Unix socket, as far as coldcase asks one. `asked` lists the methods called. */
export async function startRuntime(
  socket: string,
  runtime: StandInRuntime,
): Promise<{ readonly asked: string[]; close(): Promise<void> }> {
  mkdirSync(dirname(socket), { recursive: true });
  const asked: string[] = [];
  const server: Http2Server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    const method = String(headers[':path']).replace('/runtime.v1.RuntimeService/', '');
    asked.push(method);
    stream.resume();
    stream.on('end', () => {
      const answer = answerOf(method, runtime);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers({
          'grpc-status': String(answer.status),
          'grpc-message': encodeURIComponent(answer.message),
        });
      });
      const frame = Buffer.alloc(5 + answer.body.length);
      frame.writeUInt32BE(answer.body.length, 1);
      frame.set(answer.body, 5);
      stream.end(answer.status === 0 ? frame : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    asked,
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly message: string;
  readonly body: Uint8Array;
}

function answerOf(method: string, runtime: StandInRuntime): Answer {
  const ok = (body: Uint8Array): Answer => ({ status: 0, message: '', body });
  const entry = (key: string, value: unknown): Uint8Array =>
    new BinaryWriter().tag(1, 2).string(key).tag(2, 2).string(JSON.stringify(value)).finish();
  switch (method) {
    case 'Version':
      return ok(
        new BinaryWriter()
          .tag(1, 2)
          .string('0.1.0')
          .tag(2, 2)
          .string(runtime.name)
          .tag(3, 2)
          .string(runtime.version)
          .tag(4, 2)
          .string('v1')
          .finish(),
      );
    case 'Status':
      return ok(
        new BinaryWriter()
          .tag(2, 2)
          .bytes(entry('config', runtime.config ?? {}))
          .finish(),
      );
    case 'ListContainers': {
      if (runtime.container === undefined) return ok(new Uint8Array());
      const container = new BinaryWriter().tag(1, 2).string(runtime.container.id).finish();
      return ok(new BinaryWriter().tag(1, 2).bytes(container).finish());
    }
    case 'ContainerStatus':
      return ok(new BinaryWriter().tag(2, 2).bytes(entry('info', runtime.container?.info)).finish());
    default:
      return { ...runtime.checkpoint, body: new Uint8Array() };
  }
}
