import { FormatError, NotFoundError } from '../../base/errors.js';
import type { JsonObject, JsonValue } from '../../base/json.js';
import { field, isObject } from '../../base/json-fields.js';
import { DEFAULT_ROOT_DIR } from '../../kubelet/checkpoint-dir.js';
import type { HostRoot } from '../host/root.js';
import { DEFAULT_EVICTION_HARD, KUBELET_DEFAULTS, LEGACY_DEFAULTS } from './defaults.js';
import { discoverKubelet, type KubeletStart } from './discover.js';
import { parseConfigText } from './document.js';
import { findDropIns } from './drop-ins.js';
import { applyFlags, type Flag, lastFlag } from './flags.js';
import { emptyMap, mergeDocument, type SourcedMap, setAt, sourcesOf, valuesOf } from './merge.js';

/** The source of values that nobody set. */
export const DEFAULT_SOURCE = 'kubelet default';

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
const KIND = 'KubeletConfiguration';

/** A drop-in file, in the order in which the kubelet reads them. */
export interface ConfigFile {
  readonly path: string;
  readonly role: 'config' | 'drop-in' | 'skipped';
}

/** The kubelet's effective configuration, and where it was found. */
export interface KubeletConfiguration {
  readonly start: KubeletStart;
  /** What is set, by files and flags; every value with its source. Defaults are not in it. */
  readonly tree: SourcedMap;
  readonly configFile: string | undefined;
  readonly configDir: string | undefined;
  readonly files: readonly ConfigFile[];
  /** What could not be read or is not as the kubelet would accept it, one line each. */
  readonly problems: readonly string[];
}

export interface ConfigChoice {
  /** Instead of the file that `--config` of the kubelet names. Paths are inside the host root. */
  readonly config?: string | undefined;
  /** Instead of the directory that `--config-dir` of the kubelet names. */
  readonly configDir?: string | undefined;
}

/**
 * Reads and merges the kubelet's configuration: config file, then the drop-in directory, then flags. With a
 * choice, exactly those files are merged and no flags; a file that is named there and cannot be read throws
 * (NotFoundError, FormatError). On a node as found, what cannot be read becomes a problem instead.
 */
export async function loadKubeletConfig(
  host: HostRoot,
  choice: ConfigChoice = {},
): Promise<KubeletConfiguration> {
  const chosen = choice.config !== undefined || choice.configDir !== undefined;
  const start: KubeletStart = chosen
    ? { flavour: 'kubelet', unit: undefined, process: undefined, flags: [], problems: [] }
    : await discoverKubelet(host);
  const configFile = chosen ? choice.config : lastFlag(start.flags, 'config')?.value;
  const configDir = chosen ? choice.configDir : lastFlag(start.flags, 'config-dir')?.value;
  const problems = [...start.problems];
  const files: ConfigFile[] = [];
  let tree = emptyMap(DEFAULT_SOURCE);

  const lay = async (path: string, role: 'config' | 'drop-in'): Promise<void> => {
    try {
      const document = await readConfig(host, path, role);
      tree = mergeDocument(tree, document, path);
      files.push({ path, role });
    } catch (error) {
      if (chosen) throw error;
      problems.push(error instanceof Error ? error.message : String(error));
    }
  };

  if (configFile !== undefined) await lay(configFile, 'config');
  if (configDir !== undefined) {
    const found = await findDropIns(host, configDir);
    if (!found.ok && chosen) throw new NotFoundError(`cannot read ${configDir}: ${found.why}`);
    if (!found.ok) problems.push(`${configDir}: ${found.why}`);
    else {
      problems.push(...found.problems);
      files.push(...found.skipped.map((path): ConfigFile => ({ path, role: 'skipped' })));
      const base = tree;
      for (const path of found.paths) await lay(path, 'drop-in');
      if (configFile !== undefined) tree = withEvictionDefaults(base, tree);
    }
  }
  return { start, tree: applyFlags(tree, start.flags), configFile, configDir, files, problems };
}

/** One configuration document; the kubelet refuses other kinds and versions, so they throw. */
async function readConfig(host: HostRoot, path: string, role: string): Promise<JsonObject> {
  const text = await host.readText(path);
  if (!text.ok) {
    throw new NotFoundError(`cannot read the kubelet's ${role} file ${path}: ${text.why}`, {
      remedy: text.reason === 'denied' ? 'run as root' : 'check the path; it is looked up inside --host-root',
    });
  }
  const document = parseConfigText(path, text.value);
  if (!isObject(document)) throw new FormatError(path, undefined, 'not a configuration document');
  if (document['apiVersion'] !== API_VERSION || document['kind'] !== KIND) {
    throw new FormatError(path, undefined, `apiVersion and kind are not ${API_VERSION} ${KIND}`, {
      remedy: 'the kubelet refuses such a file as well',
    });
  }
  return document;
}

/**
 * The kubelet fills in its default eviction thresholds when the config file sets none, before it merges the
 * drop-ins: a drop-in that sets one threshold therefore keeps the others.
 */
function withEvictionDefaults(base: SourcedMap, merged: SourcedMap): SourcedMap {
  const set = merged.entries.get('evictionHard');
  if (base.entries.has('evictionHard') || set?.kind !== 'map') return merged;
  const defaults = mergeDocument(
    emptyMap(DEFAULT_SOURCE),
    { evictionHard: DEFAULT_EVICTION_HARD },
    DEFAULT_SOURCE,
  );
  const filled = defaults.entries.get('evictionHard');
  if (filled?.kind !== 'map') return merged;
  return setAt(merged, ['evictionHard'], {
    ...set,
    entries: new Map([...filled.entries, ...set.entries]),
  });
}

/**
 * The configuration with the kubelet's own defaults filled in where nothing is set, for questions about it. Without
 * a config file these are the open defaults of the old flags, also below a drop-in directory.
 */
export function effective(configuration: KubeletConfiguration): SourcedMap {
  const base =
    configuration.configFile === undefined
      ? mergeDocument(
          mergeDocument(emptyMap(DEFAULT_SOURCE), KUBELET_DEFAULTS, DEFAULT_SOURCE),
          LEGACY_DEFAULTS,
          `${DEFAULT_SOURCE} without a config file`,
        )
      : mergeDocument(emptyMap(DEFAULT_SOURCE), KUBELET_DEFAULTS, DEFAULT_SOURCE);
  return overlay(base, configuration.tree);
}

/** Values of `over` where it has any, of `base` elsewhere. Eviction thresholds that are set replace the defaults. */
function overlay(base: SourcedMap, over: SourcedMap, depth = 0): SourcedMap {
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const below = entries.get(key);
    // the kubelet's defaulting takes empty texts and zero durations for unset
    if (below !== undefined && value.kind === 'value' && (value.value === '' || value.value === '0s'))
      continue;
    const replace = depth === 0 && key === 'evictionHard';
    entries.set(
      key,
      value.kind === 'map' && below?.kind === 'map' && !replace ? overlay(below, value, depth + 1) : value,
    );
  }
  return { ...over, entries };
}

/** `{config, sources}`: the values, and by JSON pointer the file or flag that each came from. */
export function provenance(tree: SourcedMap): {
  readonly config: JsonValue;
  readonly sources: Readonly<Record<string, string>>;
} {
  return { config: valuesOf(tree), sources: sourcesOf(tree) };
}

/** One value of the effective configuration, defaults included. */
export function setting(
  configuration: KubeletConfiguration,
  ...path: readonly string[]
): JsonValue | undefined {
  return field(valuesOf(effective(configuration)), ...path);
}

/** A flag that is no part of the configuration, or its default. */
export function kubeletFlag(configuration: KubeletConfiguration, name: string): Flag | undefined {
  return lastFlag(configuration.start.flags, name);
}

/** The kubelet's root directory: `--root-dir`, /var/lib/kubelet by default. */
export function rootDirectory(configuration: KubeletConfiguration): string {
  return kubeletFlag(configuration, 'root-dir')?.value ?? DEFAULT_ROOT_DIR;
}
