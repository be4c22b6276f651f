import { type ColdcaseError, DeniedError, FailedError, NotFoundError, UsageError } from '../base/errors.js';
import { tryJson } from '../base/json.js';
import type { Asked } from './asked.js';
import { excerpt } from './checkpoint-answer.js';
import { diagnoseCriu, remedyFor } from './criu-failures.js';
import { criuLogPath, readCriuLog } from './criu-log.js';
import { explainStatus, isStatus } from './explain-status.js';
import { grantingYaml } from './rbac.js';
import type { Answer } from './transport.js';

/** The runtime's time ended (the larger of --timeout and runtimeRequestTimeout); containerd may go on all the same. */
export class DeadlineError extends FailedError {}

/**
 * Turns an answer other than success into an error that says what happened and what to do about it. The texts are
 * those of kubelet 1.36 with containerd, runc, CRI-O and crun, and of the API server in front of it.
 */
export async function explainAnswer(answer: Answer, asked: Asked): Promise<ColdcaseError> {
  const status = tryJson(answer.body);
  if (isStatus(status)) return explainStatus(status, answer.status, asked);
  const body = answer.body.trim();
  switch (answer.status) {
    case 401:
      return new DeniedError(`${asked.where} does not know who is asking (401 Unauthorized)`, {
        remedy:
          'give credentials that it trusts: --client-certificate and --client-key, --token-file, or --kubeconfig',
      });
    case 403:
      return forbidden(body, asked);
    case 404:
      return missing(body, asked);
    case 405:
      return new FailedError(
        `${asked.where} does not take ${asked.method} for this (405 Method Not Allowed)`,
        {
          remedy: 'is that a kubelet? Its port is 10250',
        },
      );
    case 500:
      return failed(body, asked);
    default:
      return new FailedError(`${asked.where} answered ${answer.status}: ${excerpt(body) || '(nothing)'}`, {
        remedy:
          'this is no answer that a kubelet gives: check the address; journalctl -u kubelet may tell more',
      });
  }
}

/** Characters of an answer in which its message is looked for. */
const MOST_OF_MESSAGE = 4096;

/** `Forbidden (user=bob, verb=create, resource=nodes, subresource(s)=[checkpoint])`, pkg/kubelet/server/server.go. */
function forbidden(body: string, asked: Asked): ColdcaseError {
  const pattern = /user=(.+?), verb=(\w+), resource=(\w+), subresource(?:\(s\))?=\[?([\w, ]+?)\]?\)/;
  const [, user, verb, resource, subresources] = pattern.exec(body.slice(0, MOST_OF_MESSAGE)) ?? [];
  if (user === undefined || verb === undefined || subresources === undefined) {
    return new DeniedError(`${asked.where} forbids it: ${excerpt(body)}`, {
      remedy: 'the user of these credentials needs create on nodes/checkpoint',
    });
  }
  if (user === 'system:anonymous') {
    return new DeniedError(`${asked.where} takes the asker for an anonymous user, who may not ${verb}`, {
      remedy:
        'give credentials that it trusts: --client-certificate and --client-key, --token-file, or --kubeconfig',
    });
  }
  // newer kubelets name several: any one of them is enough, and the first is the narrowest
  const lacking = `${resource}/${subresources.split(/[, ]+/)[0]}`;
  return new DeniedError(`user ${user} may not ${verb} ${lacking} on this node`, {
    remedy:
      'apply this as a cluster administrator, then wait 30 s (the kubelet remembers a denial that long):',
    more: grantingYaml({ user, verb, resource: lacking }),
  });
}

function missing(body: string, asked: Asked): ColdcaseError {
  if (body === 'pod does not exist') {
    return new NotFoundError(`no pod of ${asked.what} on this node`, {
      remedy:
        "kubectl get pods -A -o wide names each pod's node; a static pod's name ends in the node's name",
    });
  }
  if (/^container .* does not exist$/.test(body)) {
    return new NotFoundError(`the pod of ${asked.what} has no such container`, {
      remedy: 'leave the container out (NAMESPACE/POD) to capture every one that runs',
    });
  }
  if (body === 'cannot parse value of timeout parameter') {
    return new UsageError(`${asked.where} cannot read the timeout`, {
      remedy: 'give --timeout in whole seconds',
    });
  }
  if (body === '404 page not found') return checkpointsOff(asked.where);
  return new NotFoundError(`${asked.where} does not find ${asked.what}: ${excerpt(body) || '(nothing)'}`);
}

/** The kubelet has no checkpoint endpoint. */
export function checkpointsOff(where: string): NotFoundError {
  return new NotFoundError(
    `the kubelet at ${where} has no checkpoint API: the feature is off, or it is older than 1.25`,
    {
      remedy: "in the kubelet's configuration, then restart the kubelet (on by default since 1.30):",
      more: ['featureGates:', '  ContainerCheckpoint: true'],
    },
  );
}

async function failed(body: string, asked: Asked): Promise<ColdcaseError> {
  if (/\(container \S+ not found\)$/.test(body)) {
    return new NotFoundError(
      `the container ${asked.what} is not running: it has exited, or has not started`,
      {
        remedy: 'only a running container can be checkpointed; kubectl describe pod tells its state',
      },
    );
  }
  if (/code = Unimplemented/.test(body)) {
    return new NotFoundError('the container runtime of this node cannot checkpoint', {
      remedy: 'containerd 2.0 or later, or CRI-O with enable_criu_support = true, is needed',
      more: [excerpt(body)],
    });
  }
  if (
    /CRIU binary not found|"criu": executable file not found|failed to check for criu version/i.test(body)
  ) {
    return new FailedError('CRIU is not installed on this node, or too old', {
      remedy:
        'install criu 3.16 or later on the node (Debian, Ubuntu, Fedora: package criu), then capture again',
      more: [excerpt(body)],
    });
  }
  return engineFailed(body, asked) ?? (await criuFailed(body, asked));
}

/** What containerd and the kubelet's connection to it say, seen with containerd 2.1.9 below kubelet 1.36.2. */
function engineFailed(body: string, { what }: Asked): ColdcaseError | undefined {
  const more = [excerpt(body)];
  if (/DeadlineExceeded|context deadline exceeded/.test(body)) {
    return new DeadlineError(`the checkpoint of ${what} took longer than the kubelet allowed`, {
      remedy: 'give it more time by --timeout, twice what it had: large memory takes long to write',
      more,
    });
  }
  if (/\bref \S+ locked for .*unavailable|ctrd-checkpoint\/status: no such file/.test(body)) {
    return new FailedError(`another checkpoint of ${what} was made at the same time, and spoiled this one`, {
      remedy: 'capture again when the other is done: find out who makes it (the kubelet logs each request)',
      more,
    });
  }
  if (/code = Unavailable desc = .*(EOF|connection refused|transport is closing)/.test(body)) {
    return new FailedError(`the container runtime ended while it checkpointed ${what}`, {
      remedy:
        'is the container frozen? Thaw it before the runtime starts again: a kubelet kills what it finds frozen',
      more,
    });
  }
  return undefined;
}

async function criuFailed(body: string, asked: Asked): Promise<ColdcaseError> {
  const path = criuLogPath(body);
  const log = path === undefined ? undefined : await readCriuLog(path);
  const diagnosis = diagnoseCriu(body) ?? (log === undefined ? undefined : diagnoseCriu(log));
  if (!diagnosis) {
    return new FailedError(`the checkpoint of ${asked.what} failed`, {
      remedy:
        path === undefined
          ? 'journalctl -u kubelet may tell more'
          : `look into CRIU's log on the node: ${path}`,
      more: [excerpt(body, 1000)],
    });
  }
  const more = [diagnosis.line, ...(path === undefined ? [] : [`log: ${path}`])];
  if (!diagnosis.known) {
    return new FailedError(`CRIU could not checkpoint ${asked.what}`, {
      remedy: 'no remedy is known for this line of its log:',
      more,
    });
  }
  return new FailedError(`CRIU could not checkpoint ${asked.what}: ${diagnosis.known.what}`, {
    remedy: remedyFor(diagnosis.known),
    more,
  });
}
