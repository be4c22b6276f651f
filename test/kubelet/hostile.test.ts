import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ColdcaseError } from '../../src/base/errors.js';
import { parseJson } from '../../src/base/json.js';
import { parseCheckpointAnswer } from '../../src/kubelet/checkpoint-answer.js';
import { explainAnswer } from '../../src/kubelet/explain.js';
import { parseNode } from '../../src/kubelet/node-info.js';
import { parsePods } from '../../src/kubelet/pods.js';
import { grantingYaml } from '../../src/kubelet/rbac.js';

const asked = { what: 'a/b/c', where: 'node:10250', method: 'POST' } as const;

/** Text as a kubelet might send it: anything, or something that looks like what is looked for. */
const body = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .string()
    .map((text) => `Forbidden (user=${text}, verb=create, resource=nodes, subresource(s)=[checkpoint])`),
  fc.string().map((text) => `checkpointing of a/b/c failed (${text} path= /${text}/criu-dump.log)`),
  fc
    .jsonValue()
    .map((value) => JSON.stringify({ kind: 'Status', message: value, reason: value, details: value })),
);

test('any answer is explained by an error of ours with a message of one line or more to escape', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 100, max: 599 }), body, async (status, text) => {
    const error = await explainAnswer({ status, contentType: '', body: text }, asked);
    expect(error).toBeInstanceOf(ColdcaseError);
    expect(error.message.length).toBeLessThan(2000);
    expect(error.exitCode).toBeGreaterThan(0);
  });
  await fc.assert(property, { numRuns: 300 });
});

test('any answer to a checkpoint gives absolute paths or an error of ours', () => {
  const answers = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((items) => JSON.stringify({ items })),
    fc
      .array(
        fc.oneof(
          fc.string(),
          fc.string().map((name) => `/${name}`),
        ),
      )
      .map((items) => JSON.stringify({ items })),
  );
  fc.assert(
    fc.property(answers, (text) => {
      try {
        const items = parseCheckpointAnswer({ status: 200, contentType: '', body: text }, 'x');
        expect(items.length).toBeGreaterThan(0);
        for (const item of items) expect(item.startsWith('/')).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ColdcaseError);
      }
    }),
    { numRuns: 500 },
  );
});

test('any JSON is read as pods and nodes, or refused', () => {
  const key = fc.constantFrom(
    'items',
    'metadata',
    'spec',
    'status',
    'name',
    'namespace',
    'containers',
    'labels',
    'nodeInfo',
  );
  const shaped = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('value')),
      fc.dictionary(key, tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(shaped, (value) => {
      const answer = parseJson('x', JSON.stringify(value));
      parseNode(answer);
      try {
        parsePods(answer, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(ColdcaseError);
      }
    }),
    { numRuns: 500 },
  );
});

test('no name of a user breaks out of the YAML that is to be applied', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (user) => {
      const yaml = grantingYaml({ user, verb: 'create', resource: 'nodes/checkpoint' }).join('\n');
      const documents = parseAllDocuments(yaml);
      expect(documents.length).toBe(2);
      const binding: unknown = parse(yaml.split('---\n')[1] ?? '');
      expect(binding).toMatchObject({ kind: 'ClusterRoleBinding', roleRef: { kind: 'ClusterRole' } });
    }),
    { numRuns: 300 },
  );
});
