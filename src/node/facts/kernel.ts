import { gunzipSync } from 'node:zlib';
import type { HostRoot } from '../host/root.js';

/** The kernel of a node. */
export interface Kernel {
  /** As `uname -r` gives it; undefined when it cannot be told. */
  readonly release: string | undefined;
  /** Where the release comes from. */
  readonly source: string;
  /** The boot command line, for psi=1 and the like. */
  readonly commandLine: string | undefined;
  readonly config: KernelConfig | undefined;
}

/** A kernel's build configuration: option without `CONFIG_` to `y`, `m`, `n` or a text. */
export interface KernelConfig {
  readonly source: string;
  readonly options: ReadonlyMap<string, string>;
}

const MAX_CONFIG = 4 << 20;

/** Reads the kernel's release, command line and build configuration from the host. */
export async function readKernel(host: HostRoot): Promise<Kernel> {
  const release = await host.readText('/proc/sys/kernel/osrelease', 4096);
  const commandLine = await host.readText('/proc/cmdline', 1 << 16);
  const found = release.ok ? release.value.trim() : undefined;
  const installed = found ?? (await newestModules(host));
  return {
    release: installed,
    source: found !== undefined ? '/proc/sys/kernel/osrelease' : '/lib/modules',
    commandLine: commandLine.ok ? commandLine.value.trim() : undefined,
    config: await readKernelConfig(host, installed),
  };
}

/** An image without /proc still says which kernel it would boot, if there is just one. */
async function newestModules(host: HostRoot): Promise<string | undefined> {
  const names = await host.list('/lib/modules');
  return names.ok && names.value.length === 1 ? names.value[0] : undefined;
}

async function readKernelConfig(
  host: HostRoot,
  release: string | undefined,
): Promise<KernelConfig | undefined> {
  const packed = await host.readBytes('/proc/config.gz', MAX_CONFIG);
  if (packed.ok) {
    try {
      const text = gunzipSync(packed.value, { maxOutputLength: MAX_CONFIG }).toString('latin1');
      return { source: '/proc/config.gz', options: parseKernelConfig(text) };
    } catch {
      // not gzip after all: the files below may still answer
    }
  }
  if (release === undefined || release.includes('/')) return undefined;
  for (const path of [`/boot/config-${release}`, `/lib/modules/${release}/config`]) {
    const text = await host.readText(path, MAX_CONFIG);
    if (text.ok) return { source: path, options: parseKernelConfig(text.value) };
  }
  return undefined;
}

/** Parses `CONFIG_X=y` and `# CONFIG_X is not set` lines. */
export function parseKernelConfig(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const set = /^CONFIG_([A-Z0-9_a-z]+)=(.*)$/.exec(line);
    if (set?.[1] !== undefined && set[2] !== undefined) options.set(set[1], set[2].replace(/^"(.*)"$/, '$1'));
    const unset = /^# CONFIG_([A-Z0-9_a-z]+) is not set$/.exec(line);
    if (unset?.[1] !== undefined) options.set(unset[1], 'n');
  }
  return options;
}

/** A version as numbers, from the front of a release such as `5.15.0-126-generic`. */
export function parseVersion(text: string | undefined): readonly number[] | undefined {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when `version` is at least `minimum`; undefined when the version cannot be read. */
export function atLeast(version: string | undefined, minimum: string): boolean | undefined {
  const have = parseVersion(version);
  const need = parseVersion(minimum);
  return have === undefined || need === undefined ? undefined : compareVersions(have, need) >= 0;
}

/** Kernels that kernel.org maintains for long (its list of releases, November 2026). */
export const LONG_TERM_KERNELS: readonly string[] = ['5.10', '5.15', '6.1', '6.6', '6.12', '6.18'];

/** Releases whose names say that a distribution maintains them and backports to them. */
export function distributionOf(release: string): string | undefined {
  const signs: readonly (readonly [RegExp, string])[] = [
    [/\.el\d+/, 'RHEL and its kin'],
    [/\.fc\d+/, 'Fedora'],
    [/-(generic|aws|azure|gcp|gke|oracle|lowlatency|kvm)$/, 'Ubuntu'],
    [/\+deb\d+|-cloud-amd64$|-amd64$|-arm64$/, 'Debian'],
    [/-default$/, 'SUSE'],
    [/\.amzn\d+/, 'Amazon Linux'],
    [/-talos$/, 'Talos'],
    [/-flatcar$/, 'Flatcar'],
  ];
  return signs.find(([sign]) => sign.test(release))?.[1];
}
