import { formatDuration } from '../../base/units.js';
import { atLeast } from '../facts/kernel.js';
import { lastSetting } from '../host/systemd.js';
import { parseTimeSpan } from '../host/time-span.js';
import { type Check, type Examination, reporter } from './check.js';
import { worstFreeze } from './container.js';

const { pass, warn, fail, unknown } = reporter('watchdog');

const RESTARTS = /^(always|on-failure|on-watchdog|on-abnormal)$/;
const TEN_MINUTES = 600;

/** WatchdogSec and Restart of the kubelet's unit: a kubelet that is killed during a checkpoint loses it. */
export function watchdogChecks(examination: Examination): readonly Check[] {
  const { unit } = examination.configuration.start;
  const why = 'systemd kills a kubelet that misses its watchdog, and with it the checkpoint';
  if (unit === undefined) return [unknown('watchdog.period', 'no systemd unit of a kubelet was found', why)];
  return [periodCheck(examination, why), restartCheck(examination)];
}

function periodCheck(examination: Examination, why: string): Check {
  const { configuration, kubeletVersion } = examination;
  const id = 'watchdog.period';
  const { unit } = configuration.start;
  const set = unit === undefined ? undefined : lastSetting(unit, 'Service', 'WatchdogSec');
  const seconds = set === undefined || set.value === '' ? 0 : parseTimeSpan(set.value);
  if (seconds === undefined)
    return warn(
      id,
      `WatchdogSec=${set?.value ?? ''} is no time (${set?.source ?? ''})`,
      why,
      'WatchdogSec=30s',
    );
  const found = `WatchdogSec=${set?.value ?? ''} in ${set?.source ?? ''}`;
  // systemd takes both for off (timestamp_is_set in service_start_watchdog)
  if (seconds === 0 || seconds === Number.POSITIVE_INFINITY) {
    const off =
      set === undefined || set.value === '' ? `no WatchdogSec in ${unit?.file ?? 'its unit'}` : found;
    return pass(id, `off: ${off}`, why);
  }
  if (seconds < 1)
    return fail(id, `${found}: below 1 s, which the kubelet does not support`, why, 'WatchdogSec=30s');
  if (configuration.start.flavour === 'kubelet' && atLeast(kubeletVersion?.text, '1.32') === false) {
    return fail(
      id,
      `${found}, but ${kubeletVersion?.text ?? 'it'} does not feed it (since 1.32)`,
      why,
      'take WatchdogSec out of the unit',
    );
  }
  if (seconds > TEN_MINUTES)
    return warn(
      id,
      `${found}: longer than 10 minutes is not recommended`,
      why,
      'Kubernetes suggests about 15s; WatchdogSec=30s is its example',
    );
  const freeze = worstFreeze(examination);
  if (freeze !== undefined && freeze > seconds * 500) {
    return warn(
      id,
      `${found}; the container may be frozen for ${formatDuration(freeze)}`,
      why,
      'the kubelet feeds it meanwhile, but a node busy with writing may be late: a longer WatchdogSec is safer',
    );
  }
  return pass(id, found, why);
}

function restartCheck({ configuration }: Examination): Check {
  const id = 'watchdog.restart';
  const why = 'a kubelet that is killed must come back by itself';
  const { unit } = configuration.start;
  const set = unit === undefined ? undefined : lastSetting(unit, 'Service', 'Restart');
  const policy = set?.value ?? 'no';
  if (RESTARTS.test(policy)) return pass(id, `Restart=${policy}`, why);
  return warn(
    id,
    `Restart=${policy}${set === undefined ? " (systemd's default)" : ` in ${set.source}`}`,
    why,
    'Restart=always or on-failure',
  );
}
