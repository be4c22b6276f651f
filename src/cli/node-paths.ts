import { formatSize } from '../base/units.js';
import { loadKubeletConfig } from '../node/config/kubelet.js';
import { HostRoot } from '../node/host/root.js';
import { inspectPaths, type PathReport } from '../node/paths/inspect.js';
import type { HostRootOptions } from './host-options.js';
import { type OutputOptions, printRows } from './output.js';

type PathRow = { readonly [K in keyof PathReport]: PathReport[K] };

/** `coldcase node paths`. */
export async function runPaths(options: HostRootOptions & OutputOptions): Promise<void> {
  const host = await HostRoot.open(options.hostRoot);
  const reports = await inspectPaths(host, await loadKubeletConfig(host));
  await printRows<PathRow>(
    {
      columns: [
        {
          key: 'state',
          header: 'STATE',
          text: ({ state, kind }) => (state === 'present' ? (kind ?? state) : state),
        },
        { key: 'mode', header: 'MODE' },
        { key: 'owner', header: 'OWNER' },
        {
          key: 'size',
          header: 'SIZE',
          align: 'right',
          text: ({ size, kind }) => (size === null || kind !== 'file' ? '' : formatSize(size)),
        },
        { key: 'what', header: 'WHAT', squeeze: 2 },
        { key: 'path', header: 'PATH', squeeze: 1, keep: 'end' },
        { key: 'odd', header: 'ODD', text: ({ odd }) => odd.join('; ') },
        { key: 'expires', header: 'EXPIRES', wide: true },
        { key: 'modified', header: 'MODIFIED', wide: true },
        { key: 'sha256', header: 'SHA-256', wide: true },
        { key: 'kind', header: 'KIND', wide: true },
        {
          key: 'content',
          header: 'CONTENT',
          wide: true,
          text: ({ content }) => (content === null ? '' : JSON.stringify(content)),
        },
      ],
      rows: reports.map((report): PathRow => ({ ...report })),
    },
    options,
  );
}
