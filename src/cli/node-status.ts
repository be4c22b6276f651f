import { UsageError } from '../base/errors.js';
import { loadKubeletConfig } from '../node/config/kubelet.js';
import { kubeletVersion } from '../node/examine.js';
import { installedPackages } from '../node/facts/packages.js';
import { readRuntime } from '../node/facts/runtime.js';
import { HostRoot } from '../node/host/root.js';
import { renderStatus } from '../node/render-record.js';
import { readStatus } from '../node/status/read.js';
import type { ConnectionOptions } from './connection-options.js';
import { type HostRootOptions, withNodeApi } from './host-options.js';
import { formatOf, type OutputOptions, printJson, terminal } from './output.js';
import { writeOut } from './write-out.js';

/** `coldcase node status`. */
export async function runStatus(options: ConnectionOptions & HostRootOptions & OutputOptions): Promise<void> {
  const format = formatOf(options);
  if (format !== 'json' && format !== 'table') {
    throw new UsageError(`a status is no list of rows: --format ${format} is not possible`, {
      remedy: 'use --json',
    });
  }
  const host = await HostRoot.open(options.hostRoot);
  const configuration = await loadKubeletConfig(host);
  const packages = await installedPackages(host);
  const runtime = await readRuntime(host, configuration, packages, { probe: false });
  const status = await withNodeApi(options, async (api) =>
    readStatus(host, configuration, api, {
      kubeletVersion: (await kubeletVersion(host, api, packages))?.text,
      runtimeVersion: runtime.version === undefined ? undefined : `${runtime.kind}://${runtime.version}`,
      now: new Date(),
    }),
  );
  if (format === 'json') return printJson(status);
  await writeOut(renderStatus(status, terminal().width ?? 100));
}
