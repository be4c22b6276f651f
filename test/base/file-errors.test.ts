import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, test } from 'vitest';
import { errorCode, fileError } from '../../src/base/file-errors.js';
import { systemError } from '../support/system-error.js';

describe('an error of the operating system has its name', () => {
  test.each(Object.entries(constants.errno))('%s, whatever libuv makes of it', (name, number) => {
    const found = errorCode(systemError(name)) ?? '';
    expect(Object.entries(constants.errno).find(([each]) => each === found)?.[1]).toBe(number);
  });

  test('libuv knows no quota and no file server: the numbers are what tells', () => {
    expect(getSystemErrorMap().get(-constants.errno.EDQUOT)).toBeUndefined();
    expect(systemError('EDQUOT')).toMatchObject({ code: `Unknown system error -${constants.errno.EDQUOT}` });
    expect(fileError(systemError('EDQUOT'), 'DIR/f', 'write')).toMatchObject({
      message: 'cannot write DIR/f: the disk quota is used up',
      code: 'EDQUOT',
    });
    expect(fileError(systemError('ESTALE'), 'DIR/f', 'write')).toMatchObject({
      message: 'cannot write DIR/f: the file server no longer knows it',
    });
  });

  test.runIf(process.platform === 'linux')(
    'a damaged file system (EUCLEAN, which Node has no name for)',
    () => {
      const cause = Object.assign(new Error('x'), {
        errno: -117,
        code: 'Unknown system error -117',
        syscall: 'read',
      });
      expect(fileError(cause, 'DIR/f', 'read')).toMatchObject({
        message: 'cannot read DIR/f: its file system is damaged',
      });
    },
  );

  test('what has no name anywhere stays as it is, and what is no error of the system has none', () => {
    const cause = Object.assign(new Error('x'), {
      errno: -9999,
      code: 'Unknown system error -9999',
      syscall: 'read',
    });
    expect(errorCode(cause)).toBe('Unknown system error -9999');
    expect(errorCode(new Error('EDQUOT'))).toBeUndefined();
    expect(errorCode(Object.assign(new Error('x'), { code: 'EDQUOT' }))).toBeUndefined();
  });
});
