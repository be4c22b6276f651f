import { posix, resolve } from 'node:path';
import { UsageError } from '../base/errors.js';
import { parseSize } from '../base/size.js';
import { formatSize } from '../base/units.js';
import { loadKubeletConfig, rootDirectory } from '../node/config/kubelet.js';
import { HostRoot } from '../node/host/root.js';
import { planStage, stage, unstage } from '../node/stage.js';
import { escapeText } from '../render/escape.js';
import { confirm } from './confirm.js';
import type { HostRootOptions } from './host-options.js';

export interface StageOptions extends HostRootOptions {
  readonly checkpointDir?: string;
  readonly stage?: string;
  readonly unstage?: true;
  readonly stageSize?: string;
  readonly yes?: true;
}

/** `doctor --stage tmpfs` and `doctor --unstage`. */
export async function runStage(options: StageOptions): Promise<void> {
  if (options.stage !== undefined && options.unstage === true) {
    throw new UsageError('--stage and --unstage exclude each other');
  }
  const host = await HostRoot.open(options.hostRoot);
  const named =
    options.checkpointDir === undefined
      ? posix.join(rootDirectory(await loadKubeletConfig(host)), 'checkpoints')
      : resolve(options.checkpointDir);
  // mounts are listed without links, so that is how the directory must be called
  const directory = posix.join(await host.nearest(posix.dirname(named)), posix.basename(named));
  if (options.unstage === true) {
    if (options.yes !== true) await confirm(`Unmount the tmpfs at ${directory}?`);
    await unstage(host, directory);
    say(`unmounted ${directory}`);
    return;
  }
  if (options.stage !== 'tmpfs') {
    throw new UsageError(`--stage ${options.stage}: only tmpfs is known`, { remedy: '--stage tmpfs' });
  }
  const size = options.stageSize === undefined ? undefined : parseSize(options.stageSize, '--stage-size');
  const plan = await planStage(host, directory, size);
  for (const warning of plan.warnings) say(`warning: ${warning}`);
  const words = `${formatSize(plan.size)} over ${directory} (${plan.options})`;
  if (options.yes !== true) await confirm(`Mount a tmpfs of ${words}?`);
  for (const warning of await stage(host, plan)) say(`warning: ${warning}`);
  say(`mounted a tmpfs of ${words}; coldcase doctor --unstage takes it away`);
}

function say(line: string): void {
  process.stderr.write(`coldcase: ${escapeText(line)}\n`);
}
