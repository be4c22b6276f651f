import { expect, test } from 'vitest';
import { parseCheckpointName } from '../../src/node/checkpoint-name.js';

test('the name of an archive, and every way to read it', () => {
  expect(parseCheckpointName('checkpoint-payments-node-a_prod-cache-2026-11-23T16:25:48Z.tar')).toEqual({
    pod: 'payments-node-a',
    readings: [{ namespace: 'prod', container: 'cache' }],
    time: '2026-11-23T16:25:48Z',
  });
  expect(
    parseCheckpointName('checkpoint-a.b_kube-system-kube-proxy-2026-11-23T16:25:48+08:00.tar')?.readings,
  ).toEqual([
    { namespace: 'kube', container: 'system-kube-proxy' },
    { namespace: 'kube-system', container: 'kube-proxy' },
    { namespace: 'kube-system-kube', container: 'proxy' },
  ]);
  for (const name of ['x.tar', 'checkpoint-a_b-2026-11-23T16:25:48Z.tar', 'checkpoint-a_b-c-2026.tar']) {
    expect(parseCheckpointName(name)).toBeUndefined();
  }
});
