/** SECCOMP_RET values (linux/seccomp.h): the upper half is the action, the lower half its data. */
const ACTIONS: readonly (readonly [value: number, name: string])[] = [
  [0x80000000, 'KILL_PROCESS'],
  [0x00000000, 'KILL_THREAD'],
  [0x00030000, 'TRAP'],
  [0x00050000, 'ERRNO'],
  [0x7fc00000, 'NOTIFY'],
  [0x7ff00000, 'TRACE'],
  [0x7ffc0000, 'LOG'],
  [0x7fff0000, 'ALLOW'],
];
const ACTION_MASK = 0xffff0000;
/** Names of the errors that filters return, by number (asm-generic/errno*.h). */
const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  13: 'EACCES',
  22: 'EINVAL',
  38: 'ENOSYS',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
};

/** A filter's verdict for people: `ALLOW`, `ERRNO(1 EPERM)`, `TRACE(7)`, `KILL_PROCESS`. */
export function actionName(value: number): string {
  const name = ACTIONS.find(([action]) => action === (value & ACTION_MASK) >>> 0)?.[1];
  const data = value & 0xffff;
  // the kernel kills the process for actions that it does not know (SECCOMP_RET_KILL_PROCESS)
  if (name === undefined) return `KILL_PROCESS (unknown action 0x${value.toString(16).padStart(8, '0')})`;
  if (name === 'ERRNO') return `ERRNO(${data}${ERRNO[data] === undefined ? '' : ` ${ERRNO[data]}`})`;
  return data === 0 || name === 'ALLOW' || name.startsWith('KILL') ? name : `${name}(${data})`;
}

/**
 * Of the verdicts of several filters the kernel takes that of the highest precedence: the smallest as a signed
 * number (seccomp_run_filters), so KILL_PROCESS before KILL_THREAD before TRAP and so on, ALLOW last.
 */
export function strictest(verdicts: readonly number[]): number {
  const signed = (value: number): number => (value & ACTION_MASK) | 0;
  return verdicts.reduce((best, value) => (signed(value) < signed(best) ? value : best), 0x7fff0000);
}
