import type { Command } from 'commander';
import type { CommandModule } from './command.js';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.js';
import { addHostRootOption, type HostRootOptions, withNodeApi } from './host-options.js';
import { addOutputOptions, formatOf, type OutputOptions, printJson, terminal } from './output.js';
import { addRecipientOptions } from './recipient-options.js';
import { writeOut } from './write-out.js';

type NodeOptions = ConnectionOptions & HostRootOptions & OutputOptions;

const HELP = `
Without a subcommand: everything in short, and with --json in full, which is what a capture stores:
{time, hostRoot, kubelet, kernel, runtime, swap, status, config, paths}; each part as its subcommand prints it.

Examples:
  coldcase node --json > node.json
  coldcase node config --host-root /host
  coldcase node checkpoints --seal -r age1...`;

export const nodeCommand: CommandModule = {
  configure(command: Command): void {
    const config = command
      .command('config')
      .description(
        "the kubelet's effective configuration, each value with the file or flag that it came from",
      );
    const paths = command
      .command('paths')
      .description(
        'files, directories and sockets of the kubelet: there or not, owner, mode, hash, what is odd',
      );
    const status = command
      .command('status')
      .description('labels, addresses, conditions, capacity, info, heartbeat');
    const checkpoints = command
      .command('checkpoints')
      .description(
        'archives in the checkpoint directory, and what engines left elsewhere; seal or remove them',
      );
    for (const one of [config, paths, status, command]) addConnectionOptions(one);
    for (const one of [config, paths, status, checkpoints, command]) addOutputOptions(addHostRootOption(one));
    config
      .option('--config <file>', 'merge this config file, not that of the kubelet (inside the host root)')
      .option('--config-dir <dir>', 'and this drop-in directory')
      .option('--all', "also the kubelet's defaults for what is not set")
      .addHelpText('after', CONFIG_HELP)
      .action(async (_, self: Command) =>
        (await import('./node-config.js')).runConfig(self.optsWithGlobals()),
      );
    paths
      .addHelpText('after', PATHS_HELP)
      .action(async (_, self: Command) => (await import('./node-paths.js')).runPaths(self.optsWithGlobals()));
    status
      .addHelpText('after', STATUS_HELP)
      .action(async (_, self: Command) =>
        (await import('./node-status.js')).runStatus(self.optsWithGlobals()),
      );
    addRecipientOptions(
      checkpoints
        .option(
          '--checkpoint-dir <dir>',
          "inside the host root (default: checkpoints in the kubelet's root directory)",
        )
        .option(
          '--sealed <dir>',
          'where sealed copies lie; repeatable (also looked in: -o when given, the checkpoint directory)',
          collect,
        )
        .option('--seal', 'seal those that have no sealed copy yet')
        .option('-o, --output <dir>', 'where --seal puts the sealed files (default: .)')
        .option('--prune', 'remove archives after asking, oldest first, per container')
        .option('--leftovers', 'with --prune: only the pieces that engines left, no archives')
        .option('--older-than <time>', 'only those older than this: 7d, 12h')
        .option('--keep <n>', 'keep the newest n of each container')
        .option('-y, --yes', 'do not ask; then only archives with a proven sealed copy are removed')
        .option(
          '-i, --identity <file>',
          'opens the sealed copies to prove them before removing; may be given more than once',
          collect,
        )
        .option('-q, --quiet', 'no progress, no list'),
    )
      .addHelpText('after', CHECKPOINTS_HELP)
      .action(async (_, self: Command) =>
        (await import('./node-checkpoints.js')).runCheckpoints(self.optsWithGlobals()),
      );
    command.addHelpText('after', HELP).action(async (_, self: Command) => runNode(self.opts()));
  },
};

const CONFIG_HELP = `
As the kubelet merges: config file, then *.conf of the drop-in directory in order, then flags; structures and maps
merge key by key, lists replace whole, null removes.

--json: {config, sources: {JSON pointer: file or flag}, files: [{path, role}], flags: [{name, value, source}],
         problems, differences: [{pointer, setting, found, running}] | null, notCompared}

Example:
  coldcase node config --config /etc/kubelet.yaml --config-dir /etc/kubelet.conf.d --json`;

const PATHS_HELP = `
--json: [{what, path, state: present|absent|not known, kind, owner, mode, size, modified, sha256, expires, odd,
          content}]; content is what a state file says

Example:
  coldcase node paths --host-root /host --filter state=present`;

const STATUS_HELP = `
--json: {name, from, labels: [{key, value, wellKnown, setBy}], taints, unschedulable, addresses,
         conditions: [{type, status, reason, message, lastHeartbeatTime, lastTransitionTime, taint}], capacity,
         allocatable, info, lease: {holder, renewTime, ageSeconds, state: fresh|late|lost|not known} | null,
         swap: {capacity, areas, behavior, failSwapOn}, notKnown}

Example:
  coldcase node status --kubeconfig admin.conf --node node-a`;

const CHECKPOINTS_HELP = `
Pieces of checkpoints that containerd, CRI-O or coldcase left on the way to an archive are listed too, wherever the
engines of this node are configured to write: CRIU's images in /tmp, the content store, the state of containers.

--json: [{what: archive|criu-images|content-ingest|content-blob|container-state|container-userdata|archive-partial|
          coldcase-partial, file, path, namespace, pod, container, from: name|config.dump|ambiguous|unknown, time,
          age (seconds), size, mode, state: whole|truncated|no tar|unknown|left behind, sealed, problem,
          kind: file|link|directory|...; engine, of pieces only}]

sealed is what a manifest claims. Removing wants a proof first. With -i the copy is
opened and read whole, and must give the archive's tar. Without, the manifest is believed only if it and the sealed
file belong to root, in directories that only root writes, and both hashes hold. The current directory is not looked
in unless it is named. A truncated archive has no copy, and goes only when the question is answered with yes.

Of pieces --prune removes, after asking, what it is certain that nothing runs in: no process of the machine is making a
checkpoint (criu, runc or crun checkpoint), none has anything of it open, and its engine was started after the last
change in it, or does not run, or has not touched it for ten minutes. It needs root on the node itself; below
--host-root processes cannot be told, and nothing is removed. What another user made, and what is in containerd's
content store for good, is only named.

Examples:
  coldcase node checkpoints --seal -r age1... -o /evidence/
  coldcase node checkpoints --prune --older-than 7d --keep 3 --sealed /evidence
  coldcase node checkpoints --prune --keep 0 --sealed /mnt/usb -i key.txt --yes
  coldcase node checkpoints --prune --leftovers`;

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

async function runNode(options: NodeOptions): Promise<void> {
  const { HostRoot } = await import('../node/host/root.js');
  const { nodeRecord } = await import('../node/record.js');
  const host = await HostRoot.open(options.hostRoot);
  const record = await withNodeApi(options, (api, noApi) =>
    nodeRecord(host, { api, noApi, forRecord: false }),
  );
  if (formatOf(options) === 'json') return printJson(record);
  const { renderRecord } = await import('../node/render-record.js');
  await writeOut(renderRecord(record, terminal().width ?? 100));
}
