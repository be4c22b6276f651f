import { connect as connectHttp2, constants } from 'node:http2';
import { createConnection } from 'node:net';
import { BinaryWriter, readFields } from '../../../src/node/cri/wire.js';

/** What a runtime answers to a call that it does not carry out, in its own words. */
export class CriError extends Error {}

/** A pod's container, as a kubelet asks for it. */
export interface CriTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

/** The host's network, so that no CNI is needed, and a PID namespace of the container's own (NODE = 2, CONTAINER = 1). */
const NAMESPACES = message((namespaces) => namespaces.tag(1, 0).int32(2).tag(2, 0).int32(1));

/** The calls of a kubelet to a CRI runtime (runtime.v1), with a deadline that is the caller's to set. */
export class Cri {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts a pod with one container of the image `localhost/hog:lab`. @returns the container's ID */
  async run(target: CriTarget, command: readonly string[]): Promise<string> {
    const sandbox = sandboxConfig(target);
    const pod = await this.#call(
      'RunPodSandbox',
      message((request) => request.tag(1, 2).bytes(sandbox)),
    );
    const created = await this.#call(
      'CreateContainer',
      message((request) =>
        request
          .tag(1, 2)
          .string(readFields(pod).text(1))
          .tag(2, 2)
          .bytes(containerConfig(target, command))
          .tag(3, 2)
          .bytes(sandbox),
      ),
    );
    const id = readFields(created).text(1);
    await this.#call(
      'StartContainer',
      message((request) => request.tag(1, 2).string(id)),
    );
    return id;
  }

  /**
   * Writes a checkpoint as the kubelet asks for it.
   *
   * @param deadline - milliseconds; it goes with the call, as a kubelet's does, for it is the deadline that leaves a
   *   container frozen: who resets the stream or hangs up does not
   * @throws CriError with what the runtime says
   */
  async checkpoint(id: string, archive: string, deadline?: number): Promise<void> {
    await this.#call(
      'CheckpointContainer',
      message((request) => request.tag(1, 2).string(id).tag(2, 2).string(archive)),
      deadline,
    );
  }

  #call(method: string, body: Uint8Array, deadline?: number): Promise<Uint8Array> {
    const session = connectHttp2('http://localhost', {
      createConnection: () => createConnection(this.#socket),
    });
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: `/runtime.v1.RuntimeService/${method}`,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        te: 'trailers',
        ...(deadline === undefined ? {} : { 'grpc-timeout': `${deadline}m` }),
      });
      const chunks: Buffer[] = [];
      let done = false;
      const note = (headers: Record<string, unknown>): void => {
        const status = headers['grpc-status'];
        if (status === undefined) return;
        done = status === '0';
        if (!done) reject(new CriError(decodeURIComponent(String(headers['grpc-message'] ?? status))));
      };
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('error', reject);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('close', () => {
        if (done) resolve(Buffer.concat(chunks).subarray(5));
        else reject(new CriError('rpc error: code = Unavailable desc = error reading from server: EOF'));
      });
      const frame = Buffer.alloc(5 + body.length); // uncompressed flag, length, message
      frame.writeUInt32BE(body.length, 1);
      frame.set(body, 5);
      stream.end(frame);
    });
    return answer.finally(() => session.destroy());
  }
}

function message(fill: (writer: BinaryWriter) => unknown): Uint8Array {
  const writer = new BinaryWriter();
  fill(writer);
  return writer.finish();
}

function labels(writer: BinaryWriter, field: number, values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) {
    writer.tag(field, 2).bytes(message((entry) => entry.tag(1, 2).string(key).tag(2, 2).string(value)));
  }
}

function sandboxConfig({ namespace, pod, uid }: CriTarget): Uint8Array {
  return message((config) => {
    config
      .tag(1, 2)
      .bytes(message((one) => one.tag(1, 2).string(pod).tag(2, 2).string(uid).tag(3, 2).string(namespace)));
    config.tag(3, 2).string(`/tmp/logs/${uid}`);
    labels(config, 6, podLabels(namespace, pod, uid));
    const linux = message((one) =>
      one
        .tag(1, 2)
        .string(`/coldcase-lab/pod${uid}`) // not kubepods: a kubelet of this machine would end what it does not know
        .tag(2, 2)
        .bytes(message((security) => security.tag(1, 2).bytes(NAMESPACES))),
    );
    config.tag(8, 2).bytes(linux);
  });
}

function containerConfig(
  { namespace, pod, uid, container }: CriTarget,
  command: readonly string[],
): Uint8Array {
  return message((config) => {
    config.tag(1, 2).bytes(message((one) => one.tag(1, 2).string(container)));
    config.tag(2, 2).bytes(message((image) => image.tag(1, 2).string('localhost/hog:lab')));
    for (const word of command) config.tag(3, 2).string(word);
    labels(config, 9, { ...podLabels(namespace, pod, uid), 'io.kubernetes.container.name': container });
    config.tag(11, 2).string(`${container}.log`);
    const security = message((one) => one.tag(3, 2).bytes(NAMESPACES));
    config.tag(15, 2).bytes(message((linux) => linux.tag(2, 2).bytes(security)));
  });
}

function podLabels(namespace: string, pod: string, uid: string): Record<string, string> {
  return {
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.name': pod,
    'io.kubernetes.pod.uid': uid,
  };
}
