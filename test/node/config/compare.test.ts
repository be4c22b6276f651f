import { expect, test } from 'vitest';
import { isObject } from '../../../src/base/json-fields.js';
import { compareWithRunning } from '../../../src/node/config/compare.js';
import { effective, loadKubeletConfig } from '../../../src/node/config/kubelet.js';
import { valuesOf } from '../../../src/node/config/merge.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { hostFixture } from '../../support/hosts.js';

test('what runs is compared with what is found: durations by length, defaults as defaults', async () => {
  const configuration = await loadKubeletConfig(await HostRoot.open(hostFixture('kubeadm')));
  const found = valuesOf(effective(configuration));
  if (!isObject(found)) throw new Error('no map');
  const running = {
    ...found,
    syncFrequency: '1m0s',
    fileCheckFrequency: '20s',
    streamingConnectionIdleTimeout: '4h0m0s',
    somethingThatOnlyTheKubeletHas: true,
  };
  expect(compareWithRunning(configuration, running)).toEqual([]);
  const other = {
    ...running,
    maxPods: 110,
    featureGates: { NodeSwap: true, Another: true },
    clusterDNS: ['10.96.0.10', '10.96.0.11'],
  };
  expect(compareWithRunning(configuration, other)).toEqual([
    {
      pointer: '/maxPods',
      setting: 'maxPods',
      found: 60,
      running: 110,
    },
    {
      pointer: '/clusterDNS',
      setting: 'clusterDNS',
      found: ['10.96.0.10'],
      running: ['10.96.0.10', '10.96.0.11'],
    },
    {
      pointer: '/featureGates/ContainerCheckpoint',
      setting: 'featureGates.ContainerCheckpoint',
      found: true,
      running: null,
    },
    { pointer: '/featureGates/Another', setting: 'featureGates.Another', found: null, running: true },
  ]);
});
