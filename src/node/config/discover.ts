import { posix } from 'node:path';
import type { JsonValue } from '../../base/json.js';
import { isObject } from '../../base/json-fields.js';
import { DEFAULT_ROOT_DIR } from '../../kubelet/checkpoint-dir.js';
import { findOwnProcess } from '../host/own-processes.js';
import type { HostProcess } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { findUnit, type Unit } from '../host/systemd.js';
import { commandLine, unitEnvironment, type Word } from '../host/unit-command.js';
import { parseConfigText } from './document.js';
import { type Flag, lastFlag, parseFlags } from './flags.js';

/** How a kubelet is started on this node, as its unit and its process say. */
export interface KubeletStart {
  /** `kubelet` for one of its own; k3s and rke2 run it inside themselves or start it. */
  readonly flavour: 'kubelet' | 'k3s' | 'rke2';
  readonly unit: Unit | undefined;
  readonly process: HostProcess | undefined;
  readonly flags: readonly Flag[];
  /** What could not be read, and what does not agree, one line each. */
  readonly problems: readonly string[];
}

/** Units that start a kubelet, the usual ones first. */
const UNITS: readonly (readonly [name: string, flavour: KubeletStart['flavour']])[] = [
  ['kubelet.service', 'kubelet'],
  ['snap.kubelet-eks.daemon.service', 'kubelet'],
  ['k3s.service', 'k3s'],
  ['k3s-agent.service', 'k3s'],
  ['rke2-server.service', 'rke2'],
  ['rke2-agent.service', 'rke2'],
];

/** The `--root-dir` of the kubelet that runs, if it is a process of the node's own, else the default. */
export async function runningRootDir(host: HostRoot): Promise<string> {
  const process = await findOwnProcess(host, new Set(['kubelet']));
  const path = process === undefined ? undefined : lastFlag(processFlags(process), 'root-dir')?.value;
  return path?.startsWith('/') === true ? path : DEFAULT_ROOT_DIR;
}

/**
 * Finds how the kubelet is started: its unit with drop-ins and environment files, and the process that runs. A
 * running kubelet's own arguments count; each keeps the file of the unit that it came from when that file still
 * says the same, else the source is the process.
 */
export async function discoverKubelet(host: HostRoot): Promise<KubeletStart> {
  const process = await findOwnProcess(host, new Set(['kubelet']));
  for (const [name, flavour] of UNITS) {
    const unit = await findUnit(host, name);
    if (unit === undefined) continue;
    const { variables, problems } = await unitEnvironment(host, unit);
    const words = commandLine(unit, variables).slice(1);
    const said = [...unit.problems, ...problems];
    if (flavour === 'kubelet') {
      const inUnit = parseFlags(words);
      const { flags, differences } = reconcile(inUnit, process);
      return { flavour, unit, process, flags, problems: [...said, ...differences] };
    }
    const embedded = await embeddedFlags(host, flavour, words);
    const { flags, differences } = reconcile(embedded.flags, process);
    return { flavour, unit, process, flags, problems: [...said, ...embedded.problems, ...differences] };
  }
  const flags = process === undefined ? [] : processFlags(process);
  return { flavour: 'kubelet', unit: undefined, process, flags, problems: [] };
}

function processFlags(process: HostProcess): readonly Flag[] {
  const source = `/proc/${process.pid}/cmdline`;
  return parseFlags(process.arguments.slice(1).map((text) => ({ text, source })));
}

function reconcile(
  inUnit: readonly Flag[],
  process: HostProcess | undefined,
): { readonly flags: readonly Flag[]; readonly differences: readonly string[] } {
  if (process === undefined || process.arguments.length === 0) return { flags: inUnit, differences: [] };
  const running = processFlags(process);
  const same = (a: Flag, b: Flag): boolean => a.name === b.name && a.value === b.value;
  const flags = running.map((flag) => inUnit.find((other) => same(flag, other)) ?? flag);
  const gone = inUnit.filter((flag) => !running.some((other) => same(flag, other)));
  const added = running.filter((flag) => !inUnit.some((other) => same(flag, other)));
  const differences = [
    ...gone.map(
      (flag) => `--${flag.name} in ${flag.source} is not what the running kubelet was started with`,
    ),
    ...(inUnit.length === 0 ? [] : added).map(
      (flag) => `--${flag.name} of the running kubelet is not in its unit`,
    ),
  ];
  return { flags, differences };
}

/**
 * k3s and rke2 give their kubelet a drop-in directory, a kubeconfig and `--read-only-port=0`, then what
 * `kubelet-arg` says in their configuration files and on their own command line (k3s, pkg/daemons/agent).
 */
async function embeddedFlags(
  host: HostRoot,
  flavour: 'k3s' | 'rke2',
  words: readonly Word[],
): Promise<{ readonly flags: readonly Flag[]; readonly problems: readonly string[] }> {
  const own = parseFlags(words.slice(words[0]?.text.startsWith('-') ? 0 : 1));
  const problems: string[] = [];
  const settings: { readonly file: string; readonly value: JsonValue }[] = [];
  for (const file of await embeddedFiles(host, flavour, own)) {
    const text = await host.readText(file);
    if (!text.ok) {
      if (text.reason !== 'absent') problems.push(`${file}: ${text.why}`);
      continue;
    }
    try {
      settings.push({ file, value: parseConfigText(file, text.value) });
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const option = (name: string): Flag | undefined => {
    const given = own.findLast((flag) => flag.name === name || (name === 'data-dir' && flag.name === 'd'));
    if (given !== undefined) return given;
    for (const { file, value } of settings.toReversed()) {
      const found = isObject(value) ? value[name] : undefined;
      if (typeof found === 'string' || typeof found === 'boolean') {
        return { name, value: String(found), source: file };
      }
    }
    return undefined;
  };
  const dataDir = option('data-dir')?.value ?? `/var/lib/rancher/${flavour}`;
  const source = `${flavour} default`;
  const words2: Word[] = [
    { text: `--config-dir=${dataDir}/agent/etc/kubelet.conf.d`, source },
    { text: `--kubeconfig=${dataDir}/agent/kubelet.kubeconfig`, source },
    { text: '--read-only-port=0', source },
  ];
  if (option('rootless')?.value === 'true') {
    words2.push({ text: `--root-dir=${dataDir}/agent/kubelet`, source });
  }
  const name = option('node-name');
  if (name !== undefined) words2.push({ text: `--hostname-override=${name.value}`, source: name.source });
  for (const { file, value } of settings) {
    const given = isObject(value) ? (value['kubelet-arg'] ?? value['kubelet-arg+']) : undefined;
    for (const item of Array.isArray(given) ? given : [given]) {
      if (typeof item === 'string') words2.push({ text: `--${item.replace(/^--/, '')}`, source: file });
    }
  }
  for (const flag of own) {
    if (flag.name === 'kubelet-arg') {
      words2.push({ text: `--${flag.value.replace(/^--/, '')}`, source: flag.source });
    }
  }
  return { flags: parseFlags(words2), problems };
}

async function embeddedFiles(
  host: HostRoot,
  flavour: string,
  own: readonly Flag[],
): Promise<readonly string[]> {
  const main =
    (lastFlag(own, 'config') ?? lastFlag(own, 'c'))?.value ?? `/etc/rancher/${flavour}/config.yaml`;
  const names = await host.list(`${main}.d`);
  const more = names.ok ? names.value.filter((name) => /\.ya?ml$/.test(name)) : [];
  return [main, ...more.map((name) => posix.join(`${main}.d`, name))];
}
