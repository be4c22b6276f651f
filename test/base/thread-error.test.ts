import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import {
  DeniedError,
  FailedError,
  FormatError,
  IntegrityError,
  InterruptedError,
  NotFoundError,
  UnsafeError,
  UsageError,
} from '../../src/base/errors.js';
import { readError } from '../../src/base/file-errors.js';
import { type PackedError, packError, unpackError } from '../../src/base/thread-error.js';
import { systemError } from '../support/system-error.js';

/** An error on the other side of a port. */
function sent(error: unknown): Error {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(packError(error));
  const received: { message: PackedError } | undefined = receiveMessageOnPort(port2);
  port1.close();
  if (received === undefined) throw new Error('nothing came');
  return unpackError(received.message);
}

test.each([
  FailedError,
  UsageError,
  DeniedError,
  NotFoundError,
  IntegrityError,
  UnsafeError,
  InterruptedError,
])('%o comes out of a thread as it went in', (Kind) => {
  const error = new Kind('what happened', { remedy: 'what to do', more: ['a line', 'another'] });
  const { exitCode, remedy, more, message, stack } = error;
  expect(sent(error)).toBeInstanceOf(Kind);
  expect(sent(error)).toMatchObject({ exitCode, remedy, more, message, stack });
});

test('damage is damage, a disk that fails is none, and a defect stays one', () => {
  expect(sent(new FormatError('f', 7, 'wrong'))).toBeInstanceOf(IntegrityError);
  expect(sent(new FormatError('f', 7, 'wrong')).message).toBe('f at offset 7: wrong');
  const failed = sent(readError(systemError('EIO', 'read'), 'f', 7));
  expect(failed).toBeInstanceOf(FailedError);
  expect(failed.message).toMatch(/^cannot read f at offset 7: input\/output error/);
  const defect = sent(new TypeError('x is not a function'));
  expect(defect.constructor).toBe(Error);
  expect(defect.message).toBe('x is not a function');
});
