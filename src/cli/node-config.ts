import { effective, loadKubeletConfig } from '../node/config/kubelet.js';
import { dotted, leaves } from '../node/config/merge.js';
import { HostRoot } from '../node/host/root.js';
import { configReport } from '../node/record.js';
import { escapeText } from '../render/escape.js';
import type { ConnectionOptions } from './connection-options.js';
import { type HostRootOptions, withNodeApi } from './host-options.js';
import { formatOf, type OutputOptions, printJson, printRows } from './output.js';
import { writeOut } from './write-out.js';

interface ConfigOptions extends ConnectionOptions, HostRootOptions, OutputOptions {
  readonly config?: string;
  readonly configDir?: string;
  readonly all?: true;
}

/** `coldcase node config`. */
export async function runConfig(options: ConfigOptions): Promise<void> {
  const host = await HostRoot.open(options.hostRoot);
  const choice = { config: options.config, configDir: options.configDir };
  const chosen = options.config !== undefined || options.configDir !== undefined;
  const report = chosen
    ? await configReport(host, choice, undefined, 'these files were named; they are not what runs')
    : await withNodeApi(options, (api, noApi) => configReport(host, choice, api, noApi));
  const format = formatOf(options);
  if (format === 'json' && options.all !== true) return printJson(report);
  const configuration = await loadKubeletConfig(host, choice);
  const tree = options.all === true ? effective(configuration) : configuration.tree;
  const rows = leaves(tree).map(({ path, value, source }) => ({ setting: dotted(path), value, source }));
  await printRows(
    {
      columns: [
        { key: 'setting', header: 'SETTING' },
        {
          key: 'value',
          header: 'VALUE',
          text: ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)),
          squeeze: 2,
        },
        { key: 'source', header: 'FROM', squeeze: 1, keep: 'end' },
      ],
      rows,
    },
    options,
  );
  if (format !== 'table') return;
  const lines = [
    ...report.problems.map((problem) => `! ${problem}`),
    ...(report.differences ?? []).map(
      ({ setting, found, running }) =>
        `≠ ${setting}: ${JSON.stringify(found)} here, the running kubelet has ${JSON.stringify(running)}`,
    ),
    report.notCompared === null
      ? `compared with /configz: ${report.differences?.length ?? 0} differences`
      : `not compared with /configz: ${report.notCompared}`,
  ];
  await writeOut(`\n${lines.map(escapeText).join('\n')}\n`);
}
