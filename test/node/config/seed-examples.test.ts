import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadKubeletConfig, provenance } from '../../../src/node/config/kubelet.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { emptyHost } from '../../support/hosts.js';

// The three examples of the Kubernetes reference on merging a kubelet's drop-in directory, as they stand there.

const STRUCTURES = {
  main: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: "5m"
    cacheUnauthorizedTTL: "30s"
serializeImagePulls: false
address: "192.168.0.1"
`,
  dropIn: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authorization:
  mode: AlwaysAllow
  webhook:
    cacheAuthorizedTTL: "8m"
    cacheUnauthorizedTTL: "45s"
address: "192.168.0.8"
`,
  result: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
serializeImagePulls: false
authorization:
  mode: AlwaysAllow
  webhook:
    cacheAuthorizedTTL: "8m"
    cacheUnauthorizedTTL: "45s"
address: "192.168.0.8"
`,
};

const LISTS = {
  main: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
serializeImagePulls: false
clusterDNS:
  - "192.168.0.9"
  - "192.168.0.8"
`,
  dropIn: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDNS:
  - "192.168.0.2"
  - "192.168.0.3"
  - "192.168.0.5"
`,
  result: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
serializeImagePulls: false
clusterDNS:
  - "192.168.0.2"
  - "192.168.0.3"
  - "192.168.0.5"
`,
};

const MAPS = {
  main: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
serializeImagePulls: false
featureGates:
  AllAlpha: false
  MemoryQoS: true
staticPodURLHeader:
  kubelet-api-support:
  - "Authorization: 234APSDFA"
  - "X-Custom-Header: 123"
  custom-static-pod:
  - "Authorization: 223EWRWER"
  - "X-Custom-Header: 456"
`,
  dropIn: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
featureGates:
  MemoryQoS: false
  KubeletTracing: true
  DynamicResourceAllocation: true
staticPodURLHeader:
  custom-static-pod:
  - "Authorization: 223EWRWER"
  - "X-Custom-Header: 345"
`,
  result: `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: 20250
serializeImagePulls: false
featureGates:
  AllAlpha: false
  MemoryQoS: false
  KubeletTracing: true
  DynamicResourceAllocation: true
staticPodURLHeader:
  kubelet-api-support:
  - "Authorization: 234APSDFA"
  - "X-Custom-Header: 123"
  custom-static-pod:
  - "Authorization: 223EWRWER"
  - "X-Custom-Header: 345"
`,
};

const MAIN = '/etc/kubelet.yaml';
const DROP_IN = '/etc/kubelet.conf.d/10.conf';

async function merge(example: { main: string; dropIn: string }) {
  const root = await emptyHost();
  await mkdir(join(root, 'etc/kubelet.conf.d'), { recursive: true });
  await writeFile(join(root, MAIN), example.main);
  await writeFile(join(root, DROP_IN), example.dropIn);
  const host = await HostRoot.open(root);
  return provenance((await loadKubeletConfig(host, { config: MAIN, configDir: '/etc/kubelet.conf.d' })).tree);
}

test('structure fields merge field by field', async () => {
  const { config, sources } = await merge(STRUCTURES);
  expect(config).toEqual(parse(STRUCTURES.result));
  expect(sources).toEqual({
    '/apiVersion': DROP_IN,
    '/kind': DROP_IN,
    '/port': MAIN,
    '/serializeImagePulls': MAIN,
    '/authorization/mode': DROP_IN,
    '/authorization/webhook/cacheAuthorizedTTL': DROP_IN,
    '/authorization/webhook/cacheUnauthorizedTTL': DROP_IN,
    '/address': DROP_IN,
  });
});

test('lists are replaced whole', async () => {
  const { config, sources } = await merge(LISTS);
  expect(config).toEqual(parse(LISTS.result));
  expect(sources['/clusterDNS']).toBe(DROP_IN);
  expect(sources['/port']).toBe(MAIN);
});

test('maps merge by key, and a list inside a map is replaced whole', async () => {
  const { config, sources } = await merge(MAPS);
  expect(config).toEqual(parse(MAPS.result));
  expect(sources).toMatchObject({
    '/featureGates/AllAlpha': MAIN,
    '/featureGates/MemoryQoS': DROP_IN,
    '/featureGates/KubeletTracing': DROP_IN,
    '/staticPodURLHeader/kubelet-api-support': MAIN,
    '/staticPodURLHeader/custom-static-pod': DROP_IN,
  });
});
