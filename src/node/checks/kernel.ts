import { setting } from '../config/kubelet.js';
import { atLeast, distributionOf, type Kernel, LONG_TERM_KERNELS, parseVersion } from '../facts/kernel.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('kernel');

/** The reference's table: what needs which kernel. */
export const KERNEL_FEATURES: readonly (readonly [id: string, feature: string, minimum: string])[] = [
  ['sysctl.ip_local_reserved_ports', 'pod sysctl net.ipv4.ip_local_reserved_ports (Kubernetes 1.27)', '3.16'],
  ['sysctl.vs_conn_reuse_mode', 'net.ipv4.vs.conn_reuse_mode (kube-proxy in ipvs mode)', '4.1'],
  ['sysctl.tcp_keepalive_time', 'pod sysctl net.ipv4.tcp_keepalive_time (Kubernetes 1.29)', '4.5'],
  ['sysctl.tcp_keepalive_intvl', 'pod sysctl net.ipv4.tcp_keepalive_intvl (Kubernetes 1.29)', '4.5'],
  ['sysctl.tcp_keepalive_probes', 'pod sysctl net.ipv4.tcp_keepalive_probes (Kubernetes 1.29)', '4.5'],
  ['sysctl.tcp_fin_timeout', 'pod sysctl net.ipv4.tcp_fin_timeout (Kubernetes 1.29)', '4.6'],
  ['sysctl.tcp_syncookies', 'pod sysctl net.ipv4.tcp_syncookies, namespaced', '4.6'],
  ['sysctl.tcp_rmem', 'pod sysctl net.ipv4.tcp_rmem (Kubernetes 1.32)', '4.15'],
  ['sysctl.tcp_wmem', 'pod sysctl net.ipv4.tcp_wmem (Kubernetes 1.32)', '4.15'],
  ['psi', 'pressure stall information', '4.20'],
  ['cgroup-freezer', 'cgroup v2 freezer, which runc wants', '5.2'],
  ['cpu.stat', 'cpu.stat in the root cgroup', '5.8'],
  ['recursive-read-only', 'recursive read-only mounts (mount_setattr)', '5.12'],
  ['nftables', 'kube-proxy in nftables mode (and nft 1.0.1)', '5.13'],
  ['tmpfs-noswap', 'tmpfs with noswap', '6.3'],
  ['user-namespaces', 'pods in user namespaces', '6.5'],
];

/** Kernel options that CRIU needs (CRIU's own list), and those that it does better with. */
const CRIU_NEEDS: readonly string[] = [
  'CHECKPOINT_RESTORE',
  'NAMESPACES',
  'UTS_NS',
  'IPC_NS',
  'PID_NS',
  'NET_NS',
  'FHANDLE',
  'EVENTFD',
  'EPOLL',
  'INOTIFY_USER',
  'UNIX_DIAG',
  'INET_DIAG',
  'INET_UDP_DIAG',
  'PACKET_DIAG',
  'NETLINK_DIAG',
];
const CRIU_LIKES: readonly string[] = [
  'USERFAULTFD',
  'MEM_SOFT_DIRTY',
  'PROC_PAGE_MONITOR',
  'USER_NS',
  'TIME_NS',
];

/** The kernel against the reference's table and against what CRIU needs. */
export async function kernelChecks(examination: Examination): Promise<readonly Check[]> {
  const { kernel } = examination;
  return [
    releaseCheck(kernel),
    featureCheck(kernel),
    psiCheck(kernel),
    await cgroupCheck(examination),
    ...criuKernelChecks(kernel),
  ];
}

function releaseCheck(kernel: Kernel): Check {
  const id = 'kernel.release';
  const why = 'long-term kernels get fixes; distributions maintain their own and backport features to them';
  if (kernel.release === undefined)
    return unknown(id, 'no /proc, and not just one kernel in /lib/modules', why);
  const version = parseVersion(kernel.release);
  const line = version === undefined ? undefined : `${version[0]}.${version[1]}`;
  const distribution = distributionOf(kernel.release);
  if (distribution !== undefined) {
    return pass(
      id,
      `${kernel.release}, maintained by ${distribution}: it may have features of newer kernels`,
      why,
    );
  }
  if (line !== undefined && LONG_TERM_KERNELS.includes(line)) {
    return pass(id, `${kernel.release}, of the long-term line ${line}`, why);
  }
  return warn(
    id,
    `${kernel.release}, no long-term line that is known here`,
    why,
    `kernel.org's long-term lines are ${LONG_TERM_KERNELS.join(', ')}`,
  );
}

function featureCheck(kernel: Kernel): Check {
  const id = 'kernel.features';
  const why = 'these Kubernetes features need a minimal kernel; a distribution may have backported them';
  const missing = KERNEL_FEATURES.filter(([, , minimum]) => atLeast(kernel.release, minimum) === false);
  if (kernel.release === undefined) return unknown(id, "the kernel's version is not known", why);
  if (missing.length === 0) return pass(id, `all ${KERNEL_FEATURES.length} of the table (up to 6.5)`, why);
  const names = missing.map(([, feature, minimum]) => `${feature}: ${minimum}`).join('; ');
  const backports =
    distributionOf(kernel.release) === undefined ? '' : ' by version alone; look for backports';
  return warn(
    id,
    `not in ${kernel.release}${backports}: ${names}`,
    why,
    'a newer kernel, if the feature is wanted',
  );
}

function psiCheck(kernel: Kernel): Check {
  const id = 'kernel.psi';
  const why = 'the kubelet reports pressure (PSI) only where the kernel has it on';
  const built = kernel.config?.options.get('PSI');
  const off = kernel.config?.options.get('PSI_DEFAULT_DISABLED') === 'y';
  const asked = / psi=1(?: |$)/.test(` ${kernel.commandLine ?? ''}`);
  if (built === undefined && kernel.config === undefined) {
    return unknown(
      id,
      `the kernel's build configuration is not there${asked ? '; psi=1 is on its command line' : ''}`,
      why,
    );
  }
  if (built !== 'y')
    return warn(id, 'CONFIG_PSI is not set', why, 'a kernel with CONFIG_PSI=y, 4.20 or later');
  if (off && !asked) return warn(id, 'built in but off by default', why, 'boot with psi=1');
  return pass(id, `CONFIG_PSI=y${asked ? ', psi=1' : ''}`, why);
}

async function cgroupCheck({ host, mounts, configuration }: Examination): Promise<Check> {
  const id = 'kernel.cgroup';
  const why = 'cgroup v1 is in maintenance mode since Kubernetes 1.31; v2 is recommended';
  const unified = await host.exists('/sys/fs/cgroup/cgroup.controllers');
  const types = mounts.ok ? mounts.value.filter(({ point }) => point.startsWith('/sys/fs/cgroup')) : [];
  if (unified || types.some(({ type, point }) => type === 'cgroup2' && point === '/sys/fs/cgroup')) {
    return pass(id, 'cgroup v2', why);
  }
  if (types.some(({ type }) => type === 'cgroup')) {
    const refuse =
      setting(configuration, 'failCgroupV1') === true
        ? '; failCgroupV1 is true, so the kubelet will not start'
        : '';
    return warn(id, `cgroup v1${refuse}`, why, 'boot with systemd.unified_cgroup_hierarchy=1');
  }
  return unknown(id, 'no cgroup file system to be seen', why);
}

function criuKernelChecks({ config }: Kernel): readonly Check[] {
  const why = 'CRIU needs these kernel options';
  if (config === undefined) {
    return [
      unknown('kernel.criu', 'no /proc/config.gz, no /boot/config-*', why, 'criu check on the node tells'),
    ];
  }
  const lacks = (names: readonly string[]): readonly string[] =>
    names.filter((name) => !/^[ym]$/.test(config.options.get(name) ?? ''));
  const missing = lacks(CRIU_NEEDS);
  const better = lacks(CRIU_LIKES);
  const list = (names: readonly string[]): string => names.map((name) => `CONFIG_${name}`).join(', ');
  const first =
    missing.length === 0
      ? pass('kernel.criu', `all ${CRIU_NEEDS.length} in ${config.source}`, why)
      : missing.includes('CHECKPOINT_RESTORE')
        ? fail(
            'kernel.criu',
            `${config.source} lacks ${list(missing)}`,
            why,
            'another kernel: CONFIG_CHECKPOINT_RESTORE is a must',
          )
        : warn(
            'kernel.criu',
            `${config.source} lacks ${list(missing)}`,
            why,
            'containers that use what is missing cannot be dumped',
          );
  const whyMore = 'lazy and incremental dumps, user and time namespaces';
  return [
    first,
    better.length === 0
      ? pass('kernel.criu-more', `all ${CRIU_LIKES.length} in ${config.source}`, whyMore)
      : warn(
          'kernel.criu-more',
          `${config.source} lacks ${list(better)}`,
          whyMore,
          'not needed for a plain checkpoint',
        ),
  ];
}
