import { type ColdcaseError, DeniedError, FailedError, NotFoundError } from '../base/errors.js';
import type { JsonObject, JsonValue } from '../base/json.js';
import { object, text } from '../base/json-fields.js';
import type { Asked } from './asked.js';
import { excerpt } from './checkpoint-answer.js';
import { grantingYaml } from './rbac.js';

/** Whether an answer's body is an API server's `Status` object (metav1.Status) rather than the kubelet's own words. */
export function isStatus(value: JsonValue | undefined): value is JsonObject {
  return text(value, 'kind') === 'Status';
}

/** Turns an API server's `Status` into an error; `code` is the HTTP status. */
export function explainStatus(status: JsonObject, code: number, asked: Asked): ColdcaseError {
  const message = excerpt(text(status, 'message') ?? '', 600);
  const reason = text(status, 'reason');
  if (code === 401 || reason === 'Unauthorized') {
    return new DeniedError(
      `the API server at ${asked.where} does not know who is asking (401 Unauthorized)`,
      {
        remedy: 'log in again: does kubectl auth whoami work with this kubeconfig and context?',
      },
    );
  }
  if (code === 403 || reason === 'Forbidden') return forbidden(message, asked);
  if (code === 404 || reason === 'NotFound') return notFound(object(status, 'details'), message, asked);
  if (/error trying to reach service|dial tcp|connection refused|no route to host/.test(message)) {
    return new FailedError(`the API server at ${asked.where} cannot reach the node's kubelet: ${message}`, {
      remedy:
        'is the kubelet running, and its port 10250 open to the control plane? Or ask it directly by --kubelet',
    });
  }
  return new FailedError(
    `the API server at ${asked.where} answered ${code}: ${message || reason || '(nothing)'}`,
  );
}

function forbidden(message: string, asked: Asked): ColdcaseError {
  const [, user, verb, resource] = /User "([^"]+)" cannot (\w+) resource "([^"]+)"/.exec(message) ?? [];
  if (user === undefined || verb === undefined || resource === undefined) {
    return new DeniedError(`the API server at ${asked.where} forbids it: ${message}`, {
      remedy: 'the user of this kubeconfig needs create on nodes/proxy and get on pods',
    });
  }
  const proxy = resource === 'nodes/proxy';
  return new DeniedError(`user ${user} may not ${verb} ${resource}`, {
    remedy: proxy
      ? 'apply this as a cluster administrator (nodes/proxy gives every kubelet call on every node: see SECURITY.md):'
      : 'apply this as a cluster administrator:',
    more: grantingYaml({ user, verb, resource }),
  });
}

function notFound(details: JsonObject, message: string, asked: Asked): ColdcaseError {
  const kind = text(details, 'kind') ?? '';
  if (kind === 'nodes' || /^nodes "/.test(message)) {
    return new NotFoundError(`the cluster has no such node: ${message}`, {
      remedy: 'kubectl get nodes lists them; without --node it is found from the pod',
    });
  }
  if (kind === 'pods' || /^pods "/.test(message)) {
    return new NotFoundError(`the cluster has no such pod: ${message}`, {
      remedy: 'kubectl get pods -A lists them; is it the right --context?',
    });
  }
  return new NotFoundError(`${asked.where} does not find ${asked.what}: ${message}`);
}
