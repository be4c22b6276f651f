import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { DeniedError } from '../../src/base/errors.js';
import { errorLines } from '../../src/cli/report-error.js';
import { grantingYaml } from '../../src/kubelet/rbac.js';

test.each(['bob', 'CORP\\bob', 'o"brien', 'eve\u202e\u0007\n---', 'system:serviceaccount:ir:responder'])(
  'the YAML for a 403 can be applied as it is printed, for %j',
  (user) => {
    const more = grantingYaml({ user, verb: 'create', resource: 'nodes/checkpoint' });
    const [what, remedy, ...yaml] = errorLines(new DeniedError('no', { remedy: 'apply:', more }), false);
    expect([what, remedy]).toEqual(['coldcase: no', '  apply:']);
    const text = yaml.join('\n');
    expect(text).toMatch(/^(?:[^\p{Cc}\p{Cf}]|\n)*$/u);
    const [role, binding] = parseAllDocuments(text).map((one) => one.toJS());
    expect(role.rules).toEqual([{ apiGroups: [''], resources: ['nodes/checkpoint'], verbs: ['create'] }]);
    expect(binding.roleRef.name).toBe(role.metadata.name);
    const name = user.startsWith('system:') ? 'responder' : user;
    expect(binding.subjects).toMatchObject([{ name }]);
  },
);

test('a line of a log cannot pass for one of ours', () => {
  const lines = errorLines(
    new DeniedError('no\ncoldcase: fine', { more: ['x\ncoldcase: all is well\x1b[2K'] }),
    false,
  );
  expect(lines).toEqual(['coldcase: no\\ncoldcase: fine', 'x\\ncoldcase: all is well\\u001b[2K']);
});
