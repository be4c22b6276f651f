import { posix } from 'node:path';
import { tryJson } from '../../base/json.js';
import { field } from '../../base/json-fields.js';
import {
  actionFor,
  countByAction,
  NOTABLE_SYSCALLS,
  readProfile,
  refusedByRuntimes,
} from '../../seccomp/profile.js';
import { rootDirectory, setting } from '../config/kubelet.js';
import { type Check, type Examination, type Patient, reporter } from './check.js';
import { appArmorProfile, type ChosenProfile, seccompProfile } from './manifest.js';

const { pass, warn, fail, unknown } = reporter('seccomp and AppArmor');

const WHY_SECCOMP =
  'what the container could ask of the kernel; it is dumped with the processes and restored with them';
const WHY_APPARMOR = 'which AppArmor profile confined the container';

/** Seccomp and AppArmor of the container: which profile, by which rule, and what it allows. */
export async function securityChecks(examination: Examination): Promise<readonly Check[]> {
  const { patient, configuration } = examination;
  const byDefault = setting(configuration, 'seccompDefault') === true;
  if (patient === undefined) {
    const found = `seccompDefault is ${byDefault}: without a profile of their own, containers are ${byDefault ? 'RuntimeDefault' : 'unconfined'}`;
    return [pass('security.default', found, WHY_SECCOMP)];
  }
  return [...(await seccompChecks(examination, patient, byDefault)), appArmorCheck(patient)];
}

async function seccompChecks(
  examination: Examination,
  patient: Patient,
  byDefault: boolean,
): Promise<readonly Check[]> {
  const id = 'security.seccomp';
  const mode = patient.facts?.seccompMode;
  const running =
    mode === undefined
      ? ''
      : `; the kernel says ${['no filter', 'strict', 'a filter'][mode] ?? `mode ${mode}`}`;
  if (patient.manifest === null) return [fromSpec(patient, running)];
  const chosen = seccompProfile(patient.manifest, patient.container, byDefault);
  const found = `${chosen.type}${chosen.localhostProfile === undefined ? '' : ` ${chosen.localhostProfile}`}, by ${chosen.by}${running}`;
  const checks =
    chosen.type === 'Unconfined'
      ? [warn(id, found, WHY_SECCOMP, 'a note for the report: every syscall was open to it')]
      : [pass(id, found, WHY_SECCOMP)];
  if (chosen.type !== 'Localhost') return checks;
  return [...checks, ...(await profileChecks(examination, chosen))];
}

/** Without the pod's manifest, the OCI spec that the runtime shows still has the profile that was applied. */
function fromSpec({ spec }: Patient, running: string): Check {
  const id = 'security.seccomp';
  if (spec === null) {
    const found = `the pod's manifest is not known${running}`;
    return unknown(id, found, WHY_SECCOMP, 'give the connection flags of capture');
  }
  const profile = readProfile(field(spec, 'linux', 'seccomp'));
  if (profile === undefined) {
    const found = `no profile in its OCI spec${running}`;
    return warn(id, found, WHY_SECCOMP, 'a note for the report: every syscall was open to it');
  }
  const found = `its OCI spec has one: default ${profile.defaultAction}, ${profile.rules.length} rules${running}`;
  return pass(id, found, WHY_SECCOMP);
}

/** Reads a Localhost profile below the kubelet's seccomp directory. */
async function profileChecks(
  { host, configuration }: Examination,
  chosen: ChosenProfile,
): Promise<readonly Check[]> {
  const id = 'security.profile';
  const directory = posix.join(rootDirectory(configuration), 'seccomp');
  const path = posix.join(directory, chosen.localhostProfile ?? '');
  if (chosen.localhostProfile === undefined || !path.startsWith(`${directory}/`)) {
    return [
      fail(
        id,
        `localhostProfile ${chosen.localhostProfile ?? 'is not set'}`,
        WHY_SECCOMP,
        "it is a path below the kubelet's seccomp directory",
      ),
    ];
  }
  const text = await host.readText(path);
  if (!text.ok) {
    const remedy = 'the container cannot be created without it (CreateContainerError); put it there';
    return [
      text.reason === 'absent'
        ? fail(id, `${path} is not there`, WHY_SECCOMP, remedy)
        : unknown(id, `${path}: ${text.why}`, WHY_SECCOMP, 'run as root'),
    ];
  }
  const profile = readProfile(tryJson(text.value));
  if (profile === undefined)
    return [fail(id, `${path} is no seccomp profile`, WHY_SECCOMP, 'it must be JSON with a defaultAction')];
  const counts = [...countByAction(profile)].map(([action, names]) => `${action} ${names.length}`).join(', ');
  const allowed = NOTABLE_SYSCALLS.filter(([name]) =>
    /_(ALLOW|LOG)$/.test(actionFor(profile, name).action),
  ).map(([name]) => name);
  const found = `${path}: default ${profile.defaultAction}; ${counts || 'no rules'}; of those that matter it allows ${allowed.join(', ') || 'none'}`;
  const refused = refusedByRuntimes(profile);
  return [
    allowed.length > 0
      ? warn(id, found, WHY_SECCOMP, 'a note for the report: look for the use of these syscalls')
      : pass(id, found, WHY_SECCOMP),
    refused.length > 0
      ? fail(
          'security.profile-actions',
          refused.join('; '),
          'runtimes refuse a container with such a profile',
          'use another action',
        )
      : pass(
          'security.profile-actions',
          'no action that runtimes refuse',
          'runtimes refuse SCMP_ACT_NOTIFY as default or for write',
        ),
  ];
}

function appArmorCheck(patient: Patient): Check {
  const id = 'security.apparmor';
  const now = patient.facts?.appArmor;
  const running = now === undefined || now === '' ? '' : `; the kernel says ${now}`;
  if (patient.manifest === null) {
    if (running !== '') return pass(id, `the kernel says ${now ?? ''}`, WHY_APPARMOR);
    return unknown(
      id,
      "the pod's manifest is not known",
      WHY_APPARMOR,
      'give the connection flags of capture',
    );
  }
  const chosen = appArmorProfile(patient.manifest, patient.container);
  const found = `${chosen.type}${chosen.localhostProfile === undefined ? '' : ` ${chosen.localhostProfile}`}, by ${chosen.by}${running}`;
  if (chosen.type === 'Unconfined') return warn(id, found, WHY_APPARMOR, 'a note for the report');
  return pass(id, found, WHY_APPARMOR);
}
