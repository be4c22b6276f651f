import { posix } from 'node:path';
import { findSafeProgram, runtimePath } from '../facts/programs.js';
import type { RuntimeFacts } from '../facts/runtime.js';
import type { HostRoot } from '../host/root.js';
import type { FreezerState } from './state.js';

/** A way to thaw a container: a program of its engine, or the kernel's own file. */
export type ThawCommand =
  | {
      readonly kind: 'run';
      /** Path of the program inside the host root; a bare name when it was not found. */
      readonly program: string;
      /** Why coldcase does not run it: it is not there, or others than root could have put it there. */
      readonly obstacle: string | undefined;
      readonly args: readonly string[];
    }
  | { readonly kind: 'write'; readonly path: string; readonly text: string };

/** What is known of the engine: which one, and where it listens. */
export type Engine = Pick<RuntimeFacts, 'kind' | 'socket' | 'low'>;

type Frozen = Pick<Extract<FreezerState, { state: 'frozen' }>, 'by' | 'where' | 'version'>;

/** Beyond the runtime's PATH: k3s, RKE2 and images with a read-only /usr bring their own. */
const MORE_DIRECTORIES = [
  '/usr/local/bin',
  '/opt/bin',
  '/var/lib/rancher/rke2/bin',
  '/var/lib/rancher/k3s/data/current/bin',
] as const;

const NOT_THERE = 'there is no such program on this node';

/** containerd's constant RuncRoot (cmd/containerd-shim-runc-v2/process), below it the namespace of Kubernetes. */
const CONTAINERD_RUNC_ROOT = '/run/containerd/runc/k8s.io';

/**
 * The commands that thaw a container, the best first: the engine's own, so that it knows; then the OCI runtime's; at
 * last the freezer file, which always works and which the engine does not hear of. crictl has no such command.
 *
 * Nothing thaws a container alone that its pod or slice was frozen with: then there is only the file.
 *
 * @param id - hex digits, checked by whoever read it
 */
export async function thawCommands(
  host: HostRoot,
  id: string,
  engine: Engine,
  state: Frozen,
): Promise<readonly ThawCommand[]> {
  const file = freezerFile(state);
  if (state.by === 'a parent') return file;
  const { directories } = await runtimePath(host, engine.kind);
  const where = [...directories, ...MORE_DIRECTORIES];
  const command = async (name: string, ...args: readonly string[]): Promise<ThawCommand> => {
    const found = await findSafeProgram(host, name, where);
    if (found === undefined) return { kind: 'run', program: name, obstacle: NOT_THERE, args };
    const obstacle = found.obstacle && `${found.path} is not run: ${found.obstacle}`;
    return { kind: 'run', program: found.path, obstacle, args };
  };
  const commands: ThawCommand[] = [];
  if (engine.kind === 'cri-dockerd' || engine.kind === 'dockershim') {
    return [await command('docker', 'unpause', id), ...file];
  }
  if (engine.kind !== 'cri-o') commands.push(...(await containerdCommands(engine.socket, id, command)));
  commands.push(...(await lowLevelCommands(host, id, engine, command)));
  return [...commands, ...file];
}

type MakeCommand = (name: string, ...args: readonly string[]) => Promise<ThawCommand>;

/** k3s has ctr inside of itself, and RKE2 beside it; both listen at k3s's socket. */
async function containerdCommands(
  socket: string,
  id: string,
  command: MakeCommand,
): Promise<readonly ThawCommand[]> {
  const resume = ['-n', 'k8s.io', 'tasks', 'resume', id];
  const ordinary = socket === '/run/containerd/containerd.sock' || !socket.endsWith('/containerd.sock');
  const ctr = await command('ctr', ...(ordinary ? [] : ['--address', socket]), ...resume);
  if (!socket.startsWith('/run/k3s/')) return [ctr];
  const k3s = await command('k3s', 'ctr', ...resume);
  return k3s.kind === 'run' && k3s.obstacle !== NOT_THERE ? [k3s, ctr] : [ctr];
}

/** The state directory that has the container tells whose it is; without one, the engine's default is named. */
async function lowLevelCommands(
  host: HostRoot,
  id: string,
  { kind, low }: Engine,
  command: MakeCommand,
): Promise<readonly ThawCommand[]> {
  const roots = kind === 'cri-o' ? ['/run/crun', '/run/runc'] : [CONTAINERD_RUNC_ROOT, '/run/runc'];
  const commands: ThawCommand[] = [];
  for (const root of roots) {
    if (!(await host.exists(posix.join(root, id)))) continue;
    // crun keeps a file `status` there, runc and its kin a `state.json`
    const isCrun = await host.exists(posix.join(root, id, 'status'));
    const named = posix.basename(low.binary);
    const program = isCrun ? 'crun' : named === 'crun' || named === '' ? 'runc' : low.binary;
    commands.push(await command(program, '--root', root, 'resume', id));
  }
  if (commands.length > 0) return commands;
  const program = kind === 'cri-o' ? low.binary : 'runc';
  const root = kind === 'cri-o' ? `/run/${posix.basename(low.binary)}` : CONTAINERD_RUNC_ROOT;
  return [await command(program, '--root', root, 'resume', id)];
}

function freezerFile({ where, version }: Frozen): readonly ThawCommand[] {
  if (where === undefined) return [];
  return version === 1
    ? [{ kind: 'write', path: posix.join(where, 'freezer.state'), text: 'THAWED' }]
    : [{ kind: 'write', path: posix.join(where, 'cgroup.freeze'), text: '0' }];
}

/** A command as it can be pasted into a shell. */
export function shownCommand(command: ThawCommand): string {
  if (command.kind === 'write') return `echo ${command.text} >${quoted(command.path)}`;
  return [posix.basename(command.program), ...command.args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
