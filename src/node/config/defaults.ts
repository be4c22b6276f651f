import type { JsonObject } from '../../base/json.js';

/** The kubelet's hard eviction thresholds on Linux when its config file sets none (eviction/defaults_linux.go). */
export const DEFAULT_EVICTION_HARD: JsonObject = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
};

/**
 * What the kubelet assumes for fields that nobody sets, as far as this tool asks about them: the defaults of
 * kubelet.config.k8s.io/v1beta1, Kubernetes 1.36.
 */
export const KUBELET_DEFAULTS: JsonObject = {
  enableServer: true,
  address: '0.0.0.0',
  port: 10250,
  readOnlyPort: 0,
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m' } },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m', cacheUnauthorizedTTL: '30s' } },
  rotateCertificates: false,
  serverTLSBootstrap: false,
  enableDebuggingHandlers: true,
  syncFrequency: '1m',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  streamingConnectionIdleTimeout: '4h',
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m',
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: '2m',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m',
  cgroupsPerQOS: true,
  cgroupDriver: 'cgroupfs',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m',
  hairpinMode: 'promiscuous-bridge',
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1_000_000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  evictionHard: DEFAULT_EVICTION_HARD,
  evictionPressureTransitionPeriod: '5m',
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  failSwapOn: true,
  memorySwap: { swapBehavior: 'NoSwap' },
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  enforceNodeAllocatable: ['pods'],
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  enableSystemLogHandler: true,
  enableProfilingHandler: true,
  enableDebugFlagsHandler: true,
  seccompDefault: false,
  failCgroupV1: false,
  registerNode: true,
  localStorageCapacityIsolation: true,
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  podLogsDir: '/var/log/pods',
};

/**
 * Without any config file or drop-in directory, the kubelet keeps the open defaults of its old flags
 * (options.applyLegacyDefaults): anonymous requests are let in, everything is allowed, the read-only port is open.
 */
export const LEGACY_DEFAULTS: JsonObject = {
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  readOnlyPort: 10255,
};
