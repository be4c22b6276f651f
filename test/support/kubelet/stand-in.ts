import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmbeddedPod,
  type EmbeddedState,
  kubeletAnswer,
} from '../../../src/kubelet/embedded/answers.js';
import { type Handler, type RunningServer, serveHttps } from '../../../src/kubelet/embedded/server.js';
import { type Authority, createAuthority, type Issued, issue } from '../../../src/kubelet/embedded/x509.js';

export const PODS: readonly EmbeddedPod[] = [
  {
    namespace: 'prod',
    name: 'payments-node-a',
    uid: '0f8fad5b-d9cb-469f-a165-70867728950e',
    containers: [
      { name: 'migrate', kind: 'init', image: 'registry.example/migrate:1', running: false },
      { name: 'api', kind: 'container', image: 'registry.example/api:7', running: true },
      { name: 'cache', kind: 'container', image: 'docker.io/library/redis:8', running: true },
      { name: 'debugger', kind: 'ephemeral', image: 'docker.io/library/busybox:1', running: true },
      { name: 'once', kind: 'container', image: 'registry.example/once:1', running: false },
    ],
  },
];

export interface StandInOptions extends Partial<EmbeddedState> {
  /** The file that every checkpoint is a copy of; default a small text that is no tar. */
  readonly archive?: string;
  /** Sees each request first; what it returns is the answer. */
  readonly intercept?: Handler;
  /** Names in the serving certificate. */
  readonly names?: readonly string[];
  /** Signs itself, as a kubelet's does by default, instead of being signed by the authority. */
  readonly selfSigned?: boolean;
}

/** A kubelet that answers as kubelet 1.36, with its node's directory and everybody's certificates as files. */
export interface StandIn extends RunningServer {
  /** What stands for /var/lib/kubelet. */
  readonly root: string;
  readonly checkpoints: string;
  readonly authority: Authority;
  readonly serving: Issued;
  readonly requests: string[];
  /** May be changed between requests. */
  readonly state: { -readonly [K in keyof EmbeddedState]: EmbeddedState[K] };
  /** Path of a file below a scratch directory. */
  file(name: string, text: string, mode?: number): string;
  /** Paths of a client certificate and key for a user. */
  client(
    user: string,
    dates?: { notBefore: Date; notAfter: Date },
  ): { cert: string; key: string; both: string };
  readonly ca: string;
}

/** The time in an archive's name, as a node in UTC writes it. */
export const STAMP = '2026-11-23T16:25:48Z';

export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const scratch = mkdtempSync(join(tmpdir(), 'coldcase-kubelet-'));
  const root = join(scratch, 'kubelet');
  const checkpoints = join(root, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true, mode: 0o700 });
  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(scratch, name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const authority = createAuthority('kubernetes');
  const serving = issue(options.selfSigned ? undefined : authority, {
    subject: { commonName: 'node-a' },
    names: options.names ?? ['127.0.0.1', 'node-a'],
    usage: 'server',
  });
  const archive = options.archive ?? file('archive.tar', 'not a tar, and nobody looks\n'.repeat(2000));
  const requests: string[] = [];
  const state: StandIn['state'] = {
    nodeName: 'node-a',
    pods: PODS,
    checkpoints: true,
    allowed: (user) => user !== 'bob',
    checkpoint: async (namespace, pod, container) => {
      const path = join(checkpoints, `checkpoint-${pod}_${namespace}-${container}-${STAMP}.tar`);
      copyFileSync(archive, path);
      return path;
    },
    ...options,
  };
  const server = await serveHttps(
    {
      serving,
      clientAuthority: authority.cert,
      tokens: { 'good-token': 'system:serviceaccount:ir:responder' },
    },
    async (request, raw) => {
      requests.push(`${request.method} ${request.url.pathname}${request.url.search}`);
      if (options.intercept) {
        const reply = await options.intercept(request, raw);
        if (reply || raw.response.headersSent) return reply;
      }
      return kubeletAnswer(state, request);
    },
  );
  const ca = file('ca.crt', authority.cert);
  return {
    ...server,
    root,
    checkpoints,
    authority,
    serving,
    requests,
    state,
    ca,
    file,
    client(user, dates) {
      const issued = issue(authority, { subject: { commonName: user }, usage: 'client', ...dates });
      return {
        cert: file(`${user}.crt`, issued.cert),
        key: file(`${user}.key`, issued.key),
        both: file(`${user}.pem`, issued.cert + issued.key),
      };
    },
    async close() {
      await server.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
