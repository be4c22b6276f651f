import type { JsonObject, JsonValue } from '../base/json.js';
import { integer, object } from '../base/json-fields.js';

/** A probe of a container (v1.Probe), without what it runs or asks: a command may hold a secret. */
export interface Probe {
  readonly role: 'startup' | 'liveness' | 'readiness';
  readonly how: 'exec' | 'httpGet' | 'tcpSocket' | 'grpc' | 'unknown';
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  /** That many in a row must fail. */
  readonly failureThreshold: number;
  /** Given to the container between SIGTERM and SIGKILL when this probe fails; null: the pod's own. */
  readonly terminationGracePeriodSeconds: number | null;
}

const ROLES = { startupProbe: 'startup', livenessProbe: 'liveness', readinessProbe: 'readiness' } as const;
const WAYS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;

/** The probes of a v1.Container. What is not set, or not above zero, is the API's default (SetDefaults_Probe). */
export function parseProbes(container: JsonObject): readonly Probe[] {
  return (['startupProbe', 'livenessProbe', 'readinessProbe'] as const).flatMap((key) => {
    const value = container[key];
    if (value === undefined || value === null) return [];
    const probe = object(value);
    return [
      {
        role: ROLES[key],
        how: WAYS.find((way) => way in probe) ?? 'unknown',
        initialDelaySeconds: positive(probe['initialDelaySeconds']) ?? 0,
        periodSeconds: positive(probe['periodSeconds']) ?? 10,
        timeoutSeconds: positive(probe['timeoutSeconds']) ?? 1,
        failureThreshold: positive(probe['failureThreshold']) ?? 3,
        terminationGracePeriodSeconds: positive(probe['terminationGracePeriodSeconds']) ?? null,
      },
    ];
  });
}

function positive(value: JsonValue | undefined): number | undefined {
  const number = integer(value);
  return number !== undefined && number > 0 ? number : undefined;
}
