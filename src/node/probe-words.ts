import { formatDuration } from '../base/units.js';
import { formatSpan } from './freeze.js';
import type { ProbeAtRisk, ProbeLimit } from './probes.js';

/** `liveness probe (httpGet) of api: every 10 s, 1 s each, 3 failures in a row: it can fail after 21.0 s` */
export function describeLimit({ container, probe, allowed }: ProbeLimit): string {
  const { role, how, periodSeconds, timeoutSeconds, failureThreshold } = probe;
  const failures = failureThreshold === 1 ? 'one failure' : `${failureThreshold} failures in a row`;
  return `${role} probe (${how}) of ${container}: every ${periodSeconds} s, ${timeoutSeconds} s each, ${failures}: it can fail after ${formatDuration(allowed)}`;
}

/** The same, with what comes of it. */
export function describeRisk(risk: ProbeAtRisk): string {
  const silent = `${risk.why} for ${formatSpan(risk.silent)}`;
  const when = risk.why === 'not accepting' ? 'if its queue of connections is full' : 'then';
  const then =
    risk.probe.role === 'readiness'
      ? `${when} ${risk.container} is out of service until it answers again`
      : `${when} the kubelet kills ${risk.container}, by SIGKILL ${risk.grace} s later`;
  return `${describeLimit(risk)}; ${silent}; ${then}`;
}
