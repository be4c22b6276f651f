import { expect, test } from 'vitest';
import type { NodeApi } from '../../../src/node/api.js';
import { loadKubeletConfig } from '../../../src/node/config/kubelet.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { renderStatus } from '../../../src/node/render-record.js';
import { describeLabel } from '../../../src/node/status/labels.js';
import { nodeName, readStatus } from '../../../src/node/status/read.js';
import { describeLease, describeNode, taintFor } from '../../../src/node/status/report.js';
import { hostFixture } from '../../support/hosts.js';

const NOW = new Date('2026-11-23T16:26:00Z');
const NODE = {
  metadata: {
    name: 'node-a',
    labels: {
      'kubernetes.io/arch': 'amd64',
      'topology.kubernetes.io/zone': 'eu-1a',
      'node-role.kubernetes.io/control-plane': '',
      team: 'payments\u001b[31m',
    },
  },
  spec: {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }],
  },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.11' },
      { type: 'Hostname', address: 'node-a' },
    ],
    conditions: [
      { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting' },
      { type: 'DiskPressure', status: 'True', reason: 'KubeletHasDiskPressure' },
      { type: 'MemoryPressure', status: 'False' },
    ],
    capacity: { cpu: '4', memory: '8131860Ki', pods: '110' },
    allocatable: { cpu: '3800m', memory: '7029460Ki', pods: '110' },
    nodeInfo: {
      swap: { capacity: 4096 },
      kubeletVersion: 'v1.36.0',
      containerRuntimeVersion: 'containerd://2.1.9',
    },
  },
};

test('conditions and the taints that they cause', () => {
  expect(taintFor('Ready', 'False')).toBe('node.kubernetes.io/not-ready');
  expect(taintFor('Ready', 'Unknown')).toBe('node.kubernetes.io/unreachable');
  expect(taintFor('Ready', 'True')).toBeNull();
  expect(taintFor('MemoryPressure', 'True')).toBe('node.kubernetes.io/memory-pressure');
  expect(taintFor('PIDPressure', 'True')).toBe('node.kubernetes.io/pid-pressure');
  expect(taintFor('NetworkUnavailable', 'True')).toBe('node.kubernetes.io/network-unavailable');
  expect(taintFor('DiskPressure', 'False')).toBeNull();
});

test('for people: a cordoned node with its taint, a condition with the time of its report, what is not known', () => {
  const node = {
    metadata: { name: 'node-a' },
    spec: { unschedulable: true },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          lastHeartbeatTime: '2026-11-23T16:20:00Z',
        },
      ],
      nodeInfo: { machineID: '' },
    },
  };
  const swap = { capacity: 0, areas: [], behavior: 'NoSwap', failSwapOn: true };
  const text = renderStatus(describeNode(node, undefined, 'a test', NOW, swap), 200);
  expect(text).toContain('yes (cordoned), taint node.kubernetes.io/unschedulable');
  expect(text).toContain(
    'Unknown (NodeStatusUnknown), taint node.kubernetes.io/unreachable, reported 2026-11-23T16:20:00Z',
  );
  expect(text).toMatch(/machineID +not known/);
});

test('the lease: fresh, late after 40 s, lost after 50 s', () => {
  const state = (renewTime: string) => describeLease({ spec: { renewTime, holderIdentity: 'node-a' } }, NOW);
  expect(state('2026-11-23T16:25:50.5Z')).toMatchObject({ state: 'fresh', ageSeconds: 9.5 });
  expect(state('2026-11-23T16:25:20Z')).toMatchObject({ state: 'fresh', ageSeconds: 40 });
  expect(state('2026-11-23T16:25:19Z')).toMatchObject({ state: 'late', ageSeconds: 41 });
  expect(state('2026-11-23T16:25:09Z')).toMatchObject({ state: 'lost', ageSeconds: 51 });
  expect(state('soon')).toMatchObject({ state: 'not known', ageSeconds: null });
});

test('labels: which are well known, and who sets them', () => {
  expect(describeLabel('kubernetes.io/arch', 'amd64')).toMatchObject({
    wellKnown: true,
    setBy: 'the kubelet',
  });
  expect(describeLabel('topology.kubernetes.io/zone', 'a').setBy).toContain('cloud');
  expect(describeLabel('node-role.kubernetes.io/worker', '')).toMatchObject({ wellKnown: true });
  expect(describeLabel('team', 'x')).toMatchObject({ wellKnown: false, setBy: 'an administrator' });
});

test('a node as the API server has it', () => {
  const lease = { spec: { renewTime: '2026-11-23T16:25:00Z', holderIdentity: 'node-a' } };
  const status = describeNode(NODE, lease, 'API server 192.0.2.1:6443', NOW, {
    capacity: null,
    areas: null,
    behavior: 'NoSwap',
    failSwapOn: true,
  });
  expect(status).toMatchObject({
    name: 'node-a',
    unschedulable: true,
    allocatable: { cpu: '3800m' },
    lease: { state: 'lost', ageSeconds: 60 },
    swap: { capacity: 4096 },
  });
  expect(status.conditions[0]).toMatchObject({ status: 'Unknown', taint: 'node.kubernetes.io/unreachable' });
  const text = renderStatus(status, 100);
  expect(text).toContain(
    'DiskPressure    True (KubeletHasDiskPressure), taint node.kubernetes.io/disk-pressure',
  );
  expect(text).toContain('payments\\x1b[31m');
  expect(text).not.toContain('\u001b');
});

test('without an API server, what the node itself can tell, and that it is not all', async () => {
  const host = await HostRoot.open(hostFixture('kubeadm'));
  const status = await readStatus(host, await loadKubeletConfig(host), undefined, {
    kubeletVersion: '1.34.2',
    runtimeVersion: undefined,
    now: NOW,
  });
  expect(status).toMatchObject({
    name: 'node-a',
    from: 'this node',
    addresses: [
      { type: 'HostName', address: 'node-a' },
      { type: 'InternalIP', address: '192.0.2.11' },
    ],
    capacity: { pods: '60', memory: '8131860Ki' },
    allocatable: { pods: '60', memory: '8029460Ki' },
    conditions: [],
    lease: null,
    swap: {
      capacity: 2097148 * 1024,
      areas: [{ path: '/swap.img', protection: 'none' }],
      behavior: 'LimitedSwap',
      failSwapOn: false,
    },
  });
  expect(status.notKnown.join()).toContain('only the API server');
  const k3s = await HostRoot.open(hostFixture('k3s'));
  expect(await nodeName(k3s, await loadKubeletConfig(k3s))).toBe('edge-7');
});

test('an API server is asked for the node and its lease; one that refuses is no dead end', async () => {
  const asked: string[] = [];
  const api = (node: number): NodeApi => ({
    where: '192.0.2.1:6443',
    via: 'api-server',
    credentials: "a test's",
    credentialsEnd: undefined,
    node: 'node-a',
    kubeletPath: (...segments) => `/${segments.join('/')}`,
    request: async (_, path) => {
      asked.push(path);
      if (path === '/api/v1/nodes/node-a') return { status: node, body: JSON.stringify(NODE) };
      return { status: 200, body: JSON.stringify({ spec: { renewTime: '2026-11-23T16:25:55Z' } }) };
    },
  });
  const host = await HostRoot.open(hostFixture('kubeadm'));
  const configuration = await loadKubeletConfig(host);
  const facts = { kubeletVersion: undefined, runtimeVersion: undefined, now: NOW };
  const status = await readStatus(host, configuration, api(200), facts);
  expect(status).toMatchObject({
    from: 'API server 192.0.2.1:6443',
    lease: { state: 'fresh', ageSeconds: 5 },
  });
  expect(asked).toEqual([
    '/api/v1/nodes/node-a',
    '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-a',
  ]);
  const refused = await readStatus(host, configuration, api(403), facts);
  expect(refused).toMatchObject({ from: 'this node', name: 'node-a' });
  expect(refused.notKnown[0]).toBe('192.0.2.1:6443 does not show the node node-a');
});
