import { type JsonValue, tryJson } from '../../base/json.js';
import { field, integer } from '../../base/json-fields.js';
import { callUnary, GrpcStatus, NoAnswer } from './client.js';
import { BinaryWriter, readFields } from './wire.js';

const SERVICE = '/runtime.v1.RuntimeService';

/** A CRI runtime that answers on its socket. */
export interface CriRuntime {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  /** What `crictl info` shows: the runtime's own configuration, if it tells; null where it is no JSON. */
  readonly info: JsonValue;
}

/** Asks a runtime who it is. @throws NoAnswer when nobody answers, or not as CRI v1 says */
export async function askRuntime(socket: string): Promise<CriRuntime> {
  const version = await call(socket, 'Version', new Uint8Array());
  const fields = readFields(version);
  const status = await callUnary(
    socket,
    `${SERVICE}/Status`,
    new BinaryWriter().tag(1, 0).bool(true).finish(),
  );
  const config = status.status === GrpcStatus.ok ? readFields(status.body).map(2).get('config') : undefined;
  return {
    name: fields.text(2),
    version: fields.text(3),
    apiVersion: fields.text(4),
    info: tryJson(config ?? 'null') ?? null,
  };
}

/** Whether a runtime has the CRI's CheckpointContainer. */
export interface CheckpointSupport {
  readonly supported: boolean;
  /** What it said when asked to checkpoint a container that cannot exist. */
  readonly said: string;
}

/**
 * Asks a runtime to checkpoint a container without an ID. There is none, so nothing can come of it, and the answer
 * tells: Unimplemented (no such call), "not available" (switched off, CRI-O), or that there is no such container.
 */
export async function askCheckpointSupport(socket: string): Promise<CheckpointSupport> {
  const { status, message } = await callUnary(socket, `${SERVICE}/CheckpointContainer`, new Uint8Array());
  const off = /not available|disabled|not supported|binary not found|too old|failed to check for criu/i.test(
    message,
  );
  return { supported: status !== GrpcStatus.unimplemented && !off, said: message };
}

/** A running container as the runtime knows it. */
export interface CriContainer {
  readonly id: string;
  readonly pid: number | undefined;
  /** The OCI runtime's spec, when the runtime shows it. */
  readonly spec: JsonValue;
}

/** Finds a running container of a pod; undefined when the runtime has none of that name. */
export async function findContainer(
  socket: string,
  target: { readonly namespace: string; readonly pod: string; readonly container: string },
): Promise<CriContainer | undefined> {
  const labels = [
    ['io.kubernetes.pod.namespace', target.namespace],
    ['io.kubernetes.pod.name', target.pod],
    ['io.kubernetes.container.name', target.container],
  ] as const;
  const filter = new BinaryWriter();
  filter.tag(2, 2).bytes(new BinaryWriter().tag(1, 0).int32(1).finish()); // state: CONTAINER_RUNNING = 1
  for (const [key, value] of labels) {
    filter.tag(4, 2).bytes(new BinaryWriter().tag(1, 2).string(key).tag(2, 2).string(value).finish());
  }
  const listed = await call(
    socket,
    'ListContainers',
    new BinaryWriter().tag(1, 2).bytes(filter.finish()).finish(),
  );
  const id = readFields(listed).messages(1).at(0)?.text(1);
  if (id === undefined || id === '') return undefined;
  const status = await call(
    socket,
    'ContainerStatus',
    new BinaryWriter().tag(1, 2).string(id).tag(2, 0).bool(true).finish(),
  );
  const info = tryJson(readFields(status).map(2).get('info') ?? 'null');
  const pid = integer(info, 'pid') ?? 0;
  return { id, pid: pid > 0 ? pid : undefined, spec: field(info, 'runtimeSpec') ?? null };
}

async function call(socket: string, method: string, message: Uint8Array): Promise<Uint8Array> {
  const answer = await callUnary(socket, `${SERVICE}/${method}`, message);
  if (answer.status !== GrpcStatus.ok) throw new NoAnswer(answer.message || `gRPC status ${answer.status}`);
  return answer.body;
}
