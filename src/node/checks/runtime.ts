import { atLeast } from '../facts/kernel.js';
import type { RuntimeKind } from '../facts/runtime-settings.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('runtime');

const ABLE: Readonly<Record<RuntimeKind, string>> = {
  containerd: 'containerd checkpoints through the CRI since 2.0',
  'cri-o': 'CRI-O checkpoints since 1.25 where CRIU support is enabled (enable_criu_support)',
  'cri-dockerd': 'cri-dockerd does not implement CheckpointContainer',
  dockershim: 'dockershim is gone since Kubernetes 1.24 and never could checkpoint',
  unknown: 'this runtime is not one of those known to checkpoint',
};

/** Which runtime, whether it can checkpoint, what it starts containers with, and CRIU. */
export function runtimeChecks(examination: Examination): readonly Check[] {
  return [
    socketCheck(examination),
    checkpointCheck(examination),
    lowLevelCheck(examination),
    ...configurationChecks(examination),
    ...criuChecks(examination),
  ];
}

function socketCheck({ runtime }: Examination): Check {
  const why = 'the kubelet hands the checkpoint to the CRI runtime behind this socket';
  const at = `${runtime.socket} (from ${runtime.from})`;
  if (runtime.kind === 'dockershim') {
    return fail(
      'runtime.cri',
      `${at}: dockershim`,
      why,
      'dockershim is gone since Kubernetes 1.24; move the node to containerd or CRI-O',
    );
  }
  if (runtime.answer !== undefined) {
    return pass('runtime.cri', `${runtime.answer.name} ${runtime.answer.version} at ${at}`, why);
  }
  const version = runtime.version === undefined ? '' : ` ${runtime.version} (${runtime.versionFrom})`;
  const silent = runtime.silent ?? 'no answer';
  const found = `${runtime.kind}${version} at ${at}: ${silent}`;
  if (!runtime.present)
    return unknown(
      'runtime.cri',
      found,
      why,
      'start the runtime, or name its socket in containerRuntimeEndpoint',
    );
  return unknown(
    'runtime.cri',
    found,
    why,
    "run as root, on the node itself or with the host's /run mounted",
  );
}

function checkpointCheck({ runtime }: Examination): Check {
  const why = `${ABLE[runtime.kind]}`;
  const id = 'runtime.checkpoint';
  const enable =
    runtime.kind === 'cri-o'
      ? 'set enable_criu_support = true in [crio.runtime], install criu, restart CRI-O'
      : 'update the runtime: containerd 2.0 or later, or CRI-O 1.25 or later';
  if (runtime.checkpoint !== undefined) {
    const said =
      runtime.checkpoint.said === '' ? 'it answered' : `it said: ${runtime.checkpoint.said.slice(0, 160)}`;
    return runtime.checkpoint.supported
      ? pass(id, `has CheckpointContainer (asked for a container that cannot exist; ${said})`, why)
      : fail(id, `cannot checkpoint: ${said}`, why, enable);
  }
  if (runtime.kind === 'cri-dockerd' || runtime.kind === 'dockershim') {
    return fail(id, `${runtime.kind} cannot checkpoint`, why, 'move the node to containerd 2.0 or CRI-O');
  }
  if (runtime.criuSetting?.value === false) {
    return fail(id, `switched off in ${runtime.criuSetting.source}`, why, enable);
  }
  const minimum = { containerd: '2.0', 'cri-o': '1.25' }[runtime.kind === 'cri-o' ? 'cri-o' : 'containerd'];
  const able = runtime.kind === 'unknown' ? undefined : atLeast(runtime.version, minimum);
  if (able === false) return fail(id, `${runtime.kind} ${runtime.version} is too old`, why, enable);
  if (able === true)
    return pass(id, `${runtime.kind} ${runtime.version} (${runtime.versionFrom}) has it`, why);
  return unknown(id, "the runtime's version is not known", why, 'ask the runtime: crictl version');
}

function lowLevelCheck({ runtime, criu }: Examination): Check {
  const why = 'the low-level runtime runs CRIU: runc starts the criu program, crun loads libcriu';
  const id = 'runtime.oci';
  const named = `${runtime.low.name} (from ${runtime.low.from})`;
  if (criu.lowLevel === undefined) {
    return unknown(
      id,
      `${named}: no program ${runtime.low.binary} found in ${criu.searched}`,
      why,
      "install it, or set its path in the runtime's configuration",
    );
  }
  if (!/runc|crun/.test(runtime.low.name + runtime.low.binary)) {
    return fail(
      id,
      `${named} at ${criu.lowLevel}`,
      why,
      'only runc and crun are known to checkpoint; gVisor, Kata and the like are not',
    );
  }
  if (/crun/.test(runtime.low.binary + runtime.low.name) && criu.library === undefined) {
    return fail(
      id,
      `${named} at ${criu.lowLevel}, but there is no libcriu.so.2`,
      why,
      'install libcriu (Debian: libcriu2, Fedora: criu-libs)',
    );
  }
  const library = /crun/.test(runtime.low.name) && criu.library !== undefined ? `, ${criu.library}` : '';
  return pass(id, `${named} at ${criu.lowLevel}${library}`, why);
}

/** Said only where there is such a file: what it holds is not known, and the lines above rest on defaults. */
function configurationChecks({ runtime }: Examination): readonly Check[] {
  if (runtime.broken.length === 0) return [];
  return [
    warn(
      'runtime.configuration',
      `no TOML: ${runtime.broken.join(', ')}`,
      'what it sets is not known here, and the runtime does not start with such a file',
      'mend the file; the runtime says in its log which line is wrong',
    ),
  ];
}

function criuChecks({ criu }: Examination): readonly Check[] {
  const why = 'CRIU does the work; the runtime looks for it in its own PATH';
  if (criu.program === undefined) {
    return [
      fail(
        'runtime.criu',
        `no criu in ${criu.searched}`,
        why,
        'install the package criu where the runtime finds it (4.0 or later is best)',
      ),
    ];
  }
  const version = criu.version === undefined ? 'of unknown version' : `${criu.version} (${criu.versionFrom})`;
  const found = `${criu.program} ${version}`;
  const new16 = atLeast(criu.version, '3.16');
  const first =
    new16 === false
      ? fail('runtime.criu', found, why, 'containerd and CRI-O want CRIU 3.16 or later')
      : new16 === undefined
        ? unknown('runtime.criu', found, why, 'run criu --version on the node')
        : pass('runtime.criu', found, why);
  const whyCheck = 'criu check tries the kernel features that a dump needs';
  const { check } = criu;
  if (check === undefined) {
    return [
      first,
      unknown(
        'runtime.criu-check',
        `not run: ${criu.notChecked}`,
        whyCheck,
        'run criu check as root on the node',
      ),
    ];
  }
  return [
    first,
    check.ok
      ? pass('runtime.criu-check', check.said || 'looks good', whyCheck)
      : warn(
          'runtime.criu-check',
          check.said || 'failed',
          whyCheck,
          'read what criu check prints; a kernel option may be missing',
        ),
  ];
}
