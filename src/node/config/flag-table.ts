/** How a kubelet flag's text becomes a value, in pflag's terms. */
export type FlagType = 'bool' | 'int' | 'string' | 'list' | 'map' | 'boolmap' | 'threshold' | 'headers';

/** Flags that set a field of the KubeletConfiguration: the field's path, and how the text is read. */
const FIELDS: readonly (readonly [flag: string, path: string, type: FlagType])[] = [
  ['enable-server', 'enableServer', 'bool'],
  ['fail-swap-on', 'failSwapOn', 'bool'],
  ['pod-manifest-path', 'staticPodPath', 'string'],
  ['sync-frequency', 'syncFrequency', 'string'],
  ['file-check-frequency', 'fileCheckFrequency', 'string'],
  ['http-check-frequency', 'httpCheckFrequency', 'string'],
  ['manifest-url', 'staticPodURL', 'string'],
  ['manifest-url-header', 'staticPodURLHeader', 'headers'],
  ['address', 'address', 'string'],
  ['port', 'port', 'int'],
  ['read-only-port', 'readOnlyPort', 'int'],
  ['container-runtime-endpoint', 'containerRuntimeEndpoint', 'string'],
  ['image-service-endpoint', 'imageServiceEndpoint', 'string'],
  ['anonymous-auth', 'authentication.anonymous.enabled', 'bool'],
  ['authentication-token-webhook', 'authentication.webhook.enabled', 'bool'],
  ['authentication-token-webhook-cache-ttl', 'authentication.webhook.cacheTTL', 'string'],
  ['client-ca-file', 'authentication.x509.clientCAFile', 'string'],
  ['authorization-mode', 'authorization.mode', 'string'],
  ['authorization-webhook-cache-authorized-ttl', 'authorization.webhook.cacheAuthorizedTTL', 'string'],
  ['authorization-webhook-cache-unauthorized-ttl', 'authorization.webhook.cacheUnauthorizedTTL', 'string'],
  ['tls-cert-file', 'tlsCertFile', 'string'],
  ['tls-private-key-file', 'tlsPrivateKeyFile', 'string'],
  ['rotate-server-certificates', 'serverTLSBootstrap', 'bool'],
  ['tls-cipher-suites', 'tlsCipherSuites', 'list'],
  ['tls-min-version', 'tlsMinVersion', 'string'],
  ['rotate-certificates', 'rotateCertificates', 'bool'],
  ['registry-qps', 'registryPullQPS', 'int'],
  ['registry-burst', 'registryBurst', 'int'],
  ['event-qps', 'eventRecordQPS', 'int'],
  ['event-burst', 'eventBurst', 'int'],
  ['enable-debugging-handlers', 'enableDebuggingHandlers', 'bool'],
  ['contention-profiling', 'enableContentionProfiling', 'bool'],
  ['healthz-port', 'healthzPort', 'int'],
  ['healthz-bind-address', 'healthzBindAddress', 'string'],
  ['oom-score-adj', 'oomScoreAdj', 'int'],
  ['cluster-domain', 'clusterDomain', 'string'],
  ['volume-plugin-dir', 'volumePluginDir', 'string'],
  ['cluster-dns', 'clusterDNS', 'list'],
  ['streaming-connection-idle-timeout', 'streamingConnectionIdleTimeout', 'string'],
  ['node-status-update-frequency', 'nodeStatusUpdateFrequency', 'string'],
  ['minimum-image-ttl-duration', 'imageMinimumGCAge', 'string'],
  ['image-gc-high-threshold', 'imageGCHighThresholdPercent', 'int'],
  ['image-gc-low-threshold', 'imageGCLowThresholdPercent', 'int'],
  ['volume-stats-agg-period', 'volumeStatsAggPeriod', 'string'],
  ['feature-gates', 'featureGates', 'boolmap'],
  ['kubelet-cgroups', 'kubeletCgroups', 'string'],
  ['system-cgroups', 'systemCgroups', 'string'],
  ['provider-id', 'providerID', 'string'],
  ['cgroups-per-qos', 'cgroupsPerQOS', 'bool'],
  ['cgroup-driver', 'cgroupDriver', 'string'],
  ['cgroup-root', 'cgroupRoot', 'string'],
  ['cpu-manager-policy', 'cpuManagerPolicy', 'string'],
  ['cpu-manager-policy-options', 'cpuManagerPolicyOptions', 'map'],
  ['cpu-manager-reconcile-period', 'cpuManagerReconcilePeriod', 'string'],
  ['qos-reserved', 'qosReserved', 'map'],
  ['topology-manager-policy', 'topologyManagerPolicy', 'string'],
  ['topology-manager-scope', 'topologyManagerScope', 'string'],
  ['topology-manager-policy-options', 'topologyManagerPolicyOptions', 'map'],
  ['runtime-request-timeout', 'runtimeRequestTimeout', 'string'],
  ['hairpin-mode', 'hairpinMode', 'string'],
  ['max-pods', 'maxPods', 'int'],
  ['pod-cidr', 'podCIDR', 'string'],
  ['pod-max-pids', 'podPidsLimit', 'int'],
  ['resolv-conf', 'resolvConf', 'string'],
  ['runonce', 'runOnce', 'bool'],
  ['cpu-cfs-quota', 'cpuCFSQuota', 'bool'],
  ['cpu-cfs-quota-period', 'cpuCFSQuotaPeriod', 'string'],
  ['enable-controller-attach-detach', 'enableControllerAttachDetach', 'bool'],
  ['make-iptables-util-chains', 'makeIPTablesUtilChains', 'bool'],
  ['iptables-masquerade-bit', 'iptablesMasqueradeBit', 'int'],
  ['iptables-drop-bit', 'iptablesDropBit', 'int'],
  ['container-log-max-size', 'containerLogMaxSize', 'string'],
  ['container-log-max-files', 'containerLogMaxFiles', 'int'],
  ['allowed-unsafe-sysctls', 'allowedUnsafeSysctls', 'list'],
  ['node-status-max-images', 'nodeStatusMaxImages', 'int'],
  ['kernel-memcg-notification', 'kernelMemcgNotification', 'bool'],
  ['local-storage-capacity-isolation', 'localStorageCapacityIsolation', 'bool'],
  ['max-open-files', 'maxOpenFiles', 'int'],
  ['kube-api-content-type', 'contentType', 'string'],
  ['kube-api-qps', 'kubeAPIQPS', 'int'],
  ['kube-api-burst', 'kubeAPIBurst', 'int'],
  ['serialize-image-pulls', 'serializeImagePulls', 'bool'],
  ['eviction-hard', 'evictionHard', 'threshold'],
  ['eviction-soft', 'evictionSoft', 'threshold'],
  ['eviction-soft-grace-period', 'evictionSoftGracePeriod', 'map'],
  ['eviction-pressure-transition-period', 'evictionPressureTransitionPeriod', 'string'],
  ['eviction-max-pod-grace-period', 'evictionMaxPodGracePeriod', 'int'],
  ['eviction-minimum-reclaim', 'evictionMinimumReclaim', 'map'],
  ['pods-per-core', 'podsPerCore', 'int'],
  ['protect-kernel-defaults', 'protectKernelDefaults', 'bool'],
  ['reserved-cpus', 'reservedSystemCPUs', 'string'],
  ['system-reserved', 'systemReserved', 'map'],
  ['kube-reserved', 'kubeReserved', 'map'],
  ['enforce-node-allocatable', 'enforceNodeAllocatable', 'list'],
  ['system-reserved-cgroup', 'systemReservedCgroup', 'string'],
  ['kube-reserved-cgroup', 'kubeReservedCgroup', 'string'],
  ['memory-manager-policy', 'memoryManagerPolicy', 'string'],
  ['register-node', 'registerNode', 'bool'],
  ['seccomp-default', 'seccompDefault', 'bool'],
  ['v', 'logging.verbosity', 'int'],
  ['logging-format', 'logging.format', 'string'],
  ['log-flush-frequency', 'logging.flushFrequency', 'string'],
];

/** Flags without a field in the configuration that take no value when they stand alone. */
const SWITCHES: ReadonlySet<string> = new Set([
  'exit-on-lock-contention',
  'register-schedulable',
  'keep-terminated-pod-volumes',
  'experimental-allocatable-ignore-eviction',
  'windows-service',
  'help',
  'h',
  'version',
  'logtostderr',
  'alsologtostderr',
]);

export interface FlagField {
  readonly path: readonly string[];
  readonly type: FlagType;
}

const BY_FLAG: ReadonlyMap<string, FlagField> = new Map(
  FIELDS.map(([flag, path, type]) => [flag, { path: path.split('.'), type }] as const),
);

/**
 * The configuration field that a kubelet flag sets (from the kubelet's AddKubeletConfigFlags, Kubernetes 1.24 to
 * 1.36), or undefined for flags that are no part of the configuration, such as `--root-dir`.
 */
export function fieldOfFlag(flag: string): FlagField | undefined {
  return BY_FLAG.get(flag);
}

/** True for a flag that means `true` when it stands without `=value`. */
export function isSwitch(flag: string): boolean {
  return SWITCHES.has(flag) || BY_FLAG.get(flag)?.type === 'bool';
}
