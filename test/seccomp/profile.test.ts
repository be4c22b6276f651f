import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/base/json.js';
import { actionFor, countByAction, readProfile, refusedByRuntimes } from '../../src/seccomp/profile.js';

/** The example of the Kubernetes seccomp reference. */
const EXAMPLE = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  syscalls: [
    {
      names: ['adjtimex', 'alarm', 'bind', 'waitid', 'waitpid', 'write', 'writev'],
      action: 'SCMP_ACT_ALLOW',
    },
  ],
};

test("reads the reference's example", () => {
  const profile = readProfile(EXAMPLE);
  if (profile === undefined) throw new Error('not read');
  expect(profile).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 38 });
  expect([...countByAction(profile)].map(([action, names]) => [action, names.length])).toEqual([
    ['SCMP_ACT_ALLOW', 7],
  ]);
  expect(actionFor(profile, 'write')).toEqual({ action: 'SCMP_ACT_ALLOW', conditional: false });
  expect(actionFor(profile, 'ptrace')).toEqual({ action: 'SCMP_ACT_ERRNO', conditional: false });
  expect(refusedByRuntimes(profile)).toEqual([]);
});

test('actions that runtimes refuse', () => {
  const refused = (value: JsonValue): readonly string[] => {
    const profile = readProfile(value);
    return profile === undefined ? ['not read'] : refusedByRuntimes(profile);
  };
  expect(refused({ defaultAction: 'SCMP_ACT_NOTIFY' })).toEqual(['SCMP_ACT_NOTIFY is the default action']);
  expect(
    refused({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['write'], action: 'SCMP_ACT_NOTIFY' }] }),
  ).toEqual(['SCMP_ACT_NOTIFY is used for write']);
  expect(
    refused({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }] }),
  ).toEqual([]);
  expect(refused({ defaultAction: 'SCMP_ACT_MAYBE' })).toEqual(['SCMP_ACT_MAYBE is not an action']);
  expect([null, [], 'x', {}, { defaultAction: 1 }].map((value) => readProfile(value))).toEqual(
    new Array(5).fill(undefined),
  );
});
