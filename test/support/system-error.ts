import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/**
 * An error as Node throws it: `code` is libuv's name, which it lacks for some (EDQUOT, ESTALE), `errno` is negative.
 *
 * @param name - of errno(3)
 */
export function systemError(name: string, syscall = 'write'): Error {
  const number = Object.entries(constants.errno).find(([each]) => each === name)?.[1];
  if (number === undefined) throw new Error(`${name} is no error of this platform`);
  const code = getSystemErrorMap().get(-number)?.[0] ?? `Unknown system error -${number}`;
  return Object.assign(new Error(`${code}: as the system says it, ${syscall}`), {
    errno: -number,
    code,
    syscall,
  });
}
