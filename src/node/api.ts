import { type JsonValue, parseJson } from '../base/json.js';

/** What a server answered, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  /** Untrusted text. */
  readonly body: string;
}

/** A kubelet or an API server that can be asked about this node. */
export interface NodeApi {
  /** `host:port` that is talked to. */
  readonly where: string;
  readonly via: 'kubelet' | 'api-server';
  /** Whose credentials are used, for people; no secret. */
  readonly credentials: string;
  /** When the client certificate or the token ends, where that can be told. */
  readonly credentialsEnd: Date | undefined;
  /** The node's name, where the way leads through the API server. */
  readonly node: string | undefined;
  /** The path of a call to the kubelet, below the node's proxy if through the API server. */
  kubeletPath(...segments: readonly string[]): string;
  /** @throws a ColdcaseError when there is no answer */
  request(method: 'GET' | 'POST', path: string): Promise<ApiAnswer>;
}

/** The JSON that a GET answers; undefined when the answer is not 200. @throws as `request`, FormatError */
export async function getJson(api: NodeApi, path: string): Promise<JsonValue | undefined> {
  const answer = await api.request('GET', path);
  return answer.status === 200 ? parseJson(`the answer of ${api.where}`, answer.body) : undefined;
}
