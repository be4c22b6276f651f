import { apiChecks } from './checks/api.js';
import type { Check, Examination, Status } from './checks/check.js';
import { containerChecks } from './checks/container.js';
import { criuOptionChecks } from './checks/criu-options.js';
import { kernelChecks } from './checks/kernel.js';
import { machineChecks } from './checks/machine.js';
import { plaintextChecks } from './checks/plaintext.js';
import { probesCheck } from './checks/probes.js';
import { runtimeChecks } from './checks/runtime.js';
import { securityChecks } from './checks/security.js';
import { spaceChecks } from './checks/space.js';
import { watchdogChecks } from './checks/watchdog.js';

/** All checks, in the order in which a responder wants them. A new group is one new file and a line here. */
export async function diagnose(examination: Examination): Promise<readonly Check[]> {
  return [
    ...(await apiChecks(examination)),
    ...(await machineChecks(examination)),
    ...runtimeChecks(examination),
    ...criuOptionChecks(examination),
    ...(await containerChecks(examination)),
    await probesCheck(examination),
    ...(await spaceChecks(examination)),
    ...(await plaintextChecks(examination)),
    ...watchdogChecks(examination),
    ...(await securityChecks(examination)),
    ...(await kernelChecks(examination)),
  ];
}

/** How many checks ended how. */
export function tally(checks: readonly Check[]): Readonly<Record<Status, number>> {
  const count = { pass: 0, warn: 0, fail: 0, unknown: 0 };
  for (const { status } of checks) count[status] += 1;
  return count;
}
