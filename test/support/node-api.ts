import type { ApiAnswer, NodeApi } from '../../src/node/api.js';

/** A kubelet, asked directly, that answers each path as `answer` says. */
export function kubeletAnswering(
  answer: (path: string) => ApiAnswer,
): NodeApi & { kubeletVersion(): Promise<string | undefined> } {
  return {
    where: '127.0.0.1:10250',
    via: 'kubelet',
    credentials: "a test's",
    credentialsEnd: undefined,
    node: undefined,
    kubeletPath: (...segments) => `/${segments.join('/')}`,
    request: async (_, path) => answer(path),
    kubeletVersion: async () => 'v1.36.0',
  };
}
