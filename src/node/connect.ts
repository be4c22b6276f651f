import { X509Certificate } from 'node:crypto';
import { ColdcaseError } from '../base/errors.js';
import { tryJson } from '../base/json.js';
import { number } from '../base/json-fields.js';
import { KubeletClient } from '../kubelet/client.js';
import type { Endpoint } from '../kubelet/endpoint.js';
import { Transport } from '../kubelet/transport.js';
import type { NodeApi } from './api.js';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER = 32 << 20;

/** A connection for questions about the node, until `close`. */
export interface OpenNodeApi extends NodeApi {
  /** The kubelet's version as it says itself; undefined when it may not be asked. */
  kubeletVersion(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Opens the way to a kubelet that `resolveEndpoint` found. */
export function openNodeApi(endpoint: Endpoint, node?: string): OpenNodeApi {
  const transport = new Transport(endpoint.connection);
  const name = endpoint.node ?? node;
  const client = new KubeletClient({ via: endpoint.via, node: name }, transport);
  const { cert, headers } = endpoint.connection;
  return {
    where: transport.where,
    via: endpoint.via,
    credentials: endpoint.credentials,
    credentialsEnd: cert === undefined ? tokenEnd(headers?.['Authorization']) : certificateEnd(cert),
    node: name,
    kubeletPath: (...segments) => client.path(...segments),
    request: (method, path) => transport.request({ method, path, timeout: TIMEOUT_MS, limit: MAX_ANSWER }),
    kubeletVersion: async () => {
      try {
        if (endpoint.via === 'api-server' && name !== undefined) {
          return (await client.nodeInfo()).kubeletVersion ?? undefined;
        }
        return await client.version();
      } catch (error) {
        if (error instanceof ColdcaseError) return undefined; // the other sources of the version may answer
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

function certificateEnd(pem: string): Date | undefined {
  try {
    return new Date(new X509Certificate(pem).validTo);
  } catch {
    return undefined; // an unreadable certificate fails in the connection, with its own words
  }
}

/** When a bearer token that is a JWT ends (`exp`, RFC 7519); other tokens do not tell. */
function tokenEnd(authorization: string | string[] | undefined): Date | undefined {
  const payload = /^Bearer [\w-]+\.([\w-]+)\.[\w-]*$/.exec(String(authorization ?? ''))?.[1];
  if (payload === undefined) return undefined;
  const end = number(tryJson(Buffer.from(payload, 'base64url').toString('utf8')), 'exp');
  return end === undefined ? undefined : new Date(end * 1000);
}
