import { ColdcaseError } from '../base/errors.js';
import type { JsonObject, JsonValue } from '../base/json.js';
import { field, isObject } from '../base/json-fields.js';
import { getJson, type NodeApi } from './api.js';
import { compareWithRunning, type Difference } from './config/compare.js';
import {
  type ConfigChoice,
  type KubeletConfiguration,
  loadKubeletConfig,
  provenance,
} from './config/kubelet.js';
import { kubeletVersion } from './examine.js';
import { readCriu } from './facts/criu.js';
import { readKernel } from './facts/kernel.js';
import { readMounts } from './facts/mounts.js';
import { installedPackages } from './facts/packages.js';
import { readRuntime } from './facts/runtime.js';
import { readSwaps } from './facts/swap.js';
import type { HostRoot } from './host/root.js';
import { inspectPaths } from './paths/inspect.js';
import { readStatus } from './status/read.js';

export type NodeApiWithVersion = NodeApi & { kubeletVersion(): Promise<string | undefined> };

/** `node config`: the merged configuration with sources, and how it compares with the running kubelet's. */
export type ConfigReport = {
  readonly config: JsonValue;
  readonly sources: { readonly [pointer: string]: string };
  readonly files: readonly { readonly path: string; readonly role: string }[];
  readonly flags: readonly { readonly name: string; readonly value: string; readonly source: string }[];
  readonly problems: readonly string[];
  /** Differences from /configz; null when it was not asked or did not answer, with the reason in `notCompared`. */
  readonly differences: readonly Difference[] | null;
  readonly notCompared: string | null;
};

/** Flags whose values may be secrets: headers for a static pod URL, and by their name unknown ones. */
const SECRET_FLAG = /token|password|secret|^manifest-url-header$/;

/** Merges the configuration, and compares it with what the running kubelet says. */
export async function configReport(
  host: HostRoot,
  choice: ConfigChoice,
  api: NodeApi | undefined,
  noApi: string | undefined,
): Promise<ConfigReport> {
  const configuration = await loadKubeletConfig(host, choice);
  const compared = await askRunning(configuration, api, noApi);
  return {
    ...provenance(configuration.tree),
    files: configuration.files.map((file) => ({ ...file })),
    flags: configuration.start.flags.map((flag) =>
      SECRET_FLAG.test(flag.name) ? { ...flag, value: '<masked>' } : { ...flag },
    ),
    problems: configuration.problems,
    ...compared,
  };
}

async function askRunning(
  configuration: KubeletConfiguration,
  api: NodeApi | undefined,
  noApi: string | undefined,
): Promise<Pick<ConfigReport, 'differences' | 'notCompared'>> {
  if (api === undefined) return { differences: null, notCompared: noApi ?? 'there is no connection' };
  try {
    const answer = await getJson(api, api.kubeletPath('configz'));
    const running = field(answer, 'kubeletconfig');
    if (running === undefined) {
      return { differences: null, notCompared: `${api.where} does not show /configz to these credentials` };
    }
    return { differences: compareWithRunning(configuration, running), notCompared: null };
  } catch (error) {
    if (!(error instanceof ColdcaseError)) throw error;
    return { differences: null, notCompared: error.message };
  }
}

/**
 * Everything that is known of the node, as plain JSON: what `coldcase node --json` prints and a capture stores.
 * For a record, the headers that the kubelet sends to a static pod URL are masked, for those hold credentials, and
 * the contents of state files are left out, for those are about other pods.
 */
export async function nodeRecord(
  host: HostRoot,
  options: {
    readonly api: NodeApiWithVersion | undefined;
    readonly noApi: string | undefined;
    /** For a record of evidence: see above. */
    readonly forRecord: boolean;
  },
): Promise<JsonObject> {
  const now = new Date();
  const configuration = await loadKubeletConfig(host);
  const packages = await installedPackages(host);
  const mounts = await readMounts(host);
  const swaps = await readSwaps(host, mounts.ok ? mounts.value : []);
  const runtime = await readRuntime(host, configuration, packages, { probe: false });
  const criu = await readCriu(host, runtime, packages, { check: false });
  const kernel = await readKernel(host);
  const version = await kubeletVersion(host, options.api, packages);
  const runtimeVersion = runtime.version === undefined ? undefined : `${runtime.kind}://${runtime.version}`;
  const config = await configReport(host, {}, options.api, options.noApi);
  return {
    time: now.toISOString(),
    hostRoot: host.directory,
    kubelet: {
      version: version?.text ?? null,
      versionFrom: version?.from ?? null,
      flavour: configuration.start.flavour,
      unit: configuration.start.unit?.file ?? null,
      pid: configuration.start.process?.pid ?? null,
    },
    kernel: {
      release: kernel.release ?? null,
      commandLine: kernel.commandLine ?? null,
      configFrom: kernel.config?.source ?? null,
    },
    runtime: {
      kind: runtime.kind,
      socket: runtime.socket,
      version: runtime.version ?? null,
      versionFrom: runtime.versionFrom ?? null,
      lowLevel: runtime.low.name,
      criu: criu.program ?? null,
      criuVersion: criu.version ?? null,
      criuOptions: Object.fromEntries(
        criu.options.files.map(({ path, options: set }) => [path, Object.fromEntries(set)] as const),
      ),
    },
    swap: swaps.ok ? swaps.value.map((area) => ({ ...area })) : null,
    status: await readStatus(host, configuration, options.api, {
      kubeletVersion: version?.text,
      runtimeVersion,
      now,
    }),
    config: options.forRecord ? maskedReport(config) : config,
    paths: (await inspectPaths(host, configuration, now)).map((path) =>
      options.forRecord ? { ...path, content: null } : { ...path },
    ),
  };
}

function maskedReport(report: ConfigReport): ConfigReport {
  const hidden = (value: JsonValue): JsonValue => (value === null ? null : '<masked>');
  const differences = report.differences?.map((one) =>
    one.pointer.startsWith('/staticPodURLHeader')
      ? { ...one, found: hidden(one.found), running: hidden(one.running) }
      : one,
  );
  return { ...report, config: masked(report.config), differences: differences ?? null };
}

/** The configuration without the values of staticPodURLHeader; the kubelet's own log masks the same. */
function masked(config: JsonValue): JsonValue {
  const headers = field(config, 'staticPodURLHeader');
  if (!isObject(config) || !isObject(headers)) return config;
  const hidden = Object.fromEntries(Object.keys(headers).map((name) => [name, ['<masked>']] as const));
  return { ...config, staticPodURLHeader: hidden };
}
