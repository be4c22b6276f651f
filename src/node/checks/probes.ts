import { parsePod } from '../../kubelet/pods.js';
import { estimateFreeze, formatSpan } from '../freeze.js';
import { describeLimit, describeRisk } from '../probe-words.js';
import { kills, probesAtRisk, probesConcerned } from '../probes.js';
import { asItRuns } from '../running-container.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('container');

const ID = 'container.probes';
const WHY =
  'if a liveness or startup probe fails while it is frozen, the kubelet kills it, and the evidence with it';
const GENERAL =
  'with the defaults (every 10 s, 1 s each, 3 failures) a liveness probe can fail after 21 s of freeze; other values, sooner or later';

/** Whether the container's probes, and those of its pod that need the network, outlast the freeze. */
export async function probesCheck({ host, patient, runtime, now }: Examination): Promise<Check> {
  if (patient === undefined) {
    return unknown(ID, `no container was named; ${GENERAL}`, WHY, 'coldcase doctor NAMESPACE/POD/CONTAINER');
  }
  const { facts, manifest, container } = patient;
  const estimate = facts === undefined ? undefined : estimateFreeze(facts.load, runtime.kind);
  const parsed = manifest === null ? undefined : parsePod(manifest);
  if (parsed === undefined) {
    const freeze = estimate === undefined ? '' : `; it will be frozen for ${formatSpan(estimate.frozen)}`;
    return unknown(
      ID,
      `the pod may not be asked for, so its probes are not known${freeze}`,
      WHY,
      'kubectl get pod -o yaml tells them; or give credentials that may get pods',
    );
  }
  const pod = await asItRuns(host, parsed);
  const what = { container, engine: runtime.kind };
  const limits = probesConcerned(pod, what, now);
  if (limits.length === 0) return pass(ID, 'none that a freeze could fail', WHY);
  const told = limits.map(describeLimit).join('; ');
  if (estimate === undefined) {
    return unknown(ID, `${told}; how long it will be frozen is not known`, WHY, 'run as root on its node');
  }
  const risks = probesAtRisk(pod, what, estimate, now);
  const fatal = risks.filter(kills);
  if (fatal.length > 0) {
    return fail(
      ID,
      fatal.map(describeRisk).join('; '),
      WHY,
      'capture refuses it without --yes; when its memory is smaller, or after a rollout with a larger failureThreshold',
    );
  }
  if (risks.length > 0) {
    return warn(ID, risks.map(describeRisk).join('; '), WHY, 'expect it to answer no requests for that long');
  }
  const frozen = `${told}; frozen for ${formatSpan(estimate.frozen)}`;
  const missing = facts?.load.changed.missing ?? null;
  if (missing !== null && limits.some(kills)) {
    return unknown(
      ID,
      `${frozen}, and longer by its changed files: ${missing}`,
      WHY,
      'run as root on its node',
    );
  }
  return pass(ID, frozen, WHY);
}
