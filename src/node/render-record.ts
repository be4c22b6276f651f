import type { JsonObject } from '../base/json.js';
import { field, list, number, text } from '../base/json-fields.js';
import { formatSize } from '../base/units.js';
import { escapeText } from '../render/escape.js';
import { plainText } from '../render/table.js';
import { pad, textWidth } from '../render/width.js';
import { wrapText } from '../render/wrap.js';
import type { NodeStatus } from './status/report.js';

type Pair = readonly [name: string, value: string];

/** A node's status for people: sections of aligned names and values. */
export function renderStatus(status: NodeStatus, width: number): string {
  const { lease, swap } = status;
  const sections: (readonly [title: string, pairs: readonly Pair[]])[] = [
    ['node', [['name', status.name], ['from', status.from], ...schedulable(status)]],
    ['addresses', status.addresses.map(({ type, address }) => [type, address])],
    [
      'conditions',
      status.conditions.map(({ type, status: is, reason, taint, lastHeartbeatTime }) => [
        type,
        `${is}${reason === null ? '' : ` (${reason})`}${taint === null ? '' : `, taint ${taint}`}${lastHeartbeatTime === null ? '' : `, reported ${lastHeartbeatTime}`}`,
      ]),
    ],
    [
      'taints',
      status.taints.map(({ key, value, effect }) => [key, `${value === null ? '' : `${value} `}${effect}`]),
    ],
    [
      'labels',
      status.labels.map(({ key, value, setBy }) => [
        key,
        `${value === '' ? '(empty)' : value}  set by ${setBy}`,
      ]),
    ],
    ['capacity', Object.entries(status.capacity)],
    ['allocatable', Object.entries(status.allocatable)],
    ['info', Object.entries(status.info).map(([key, value]) => [key, plainText(value) || 'not known'])],
    [
      'lease',
      lease === null
        ? []
        : [
            ['renewed', `${lease.renewTime ?? 'never'} by ${lease.holder ?? 'nobody'}`],
            ['age', `${lease.ageSeconds ?? '?'} s: ${lease.state} (late after 40 s, lost after 50 s)`],
          ],
    ],
    [
      'swap',
      [
        [
          'capacity',
          swap.capacity === null ? 'not known' : swap.capacity === 0 ? 'none' : formatSize(swap.capacity),
        ],
        ...(swap.areas ?? []).map(
          ({ path, size, protection }): Pair => [
            path,
            `${formatSize(size)}, ${protection === 'none' ? 'not encrypted' : protection}`,
          ],
        ),
        ['kubelet', `${swap.behavior}, failSwapOn ${swap.failSwapOn}`],
      ],
    ],
    ['not known', status.notKnown.map((line) => ['', line])],
  ];
  return `${sections
    .filter(([, pairs]) => pairs.length > 0)
    .map(([title, pairs]) => [title, ...align(pairs, width)].join('\n'))
    .join('\n\n')}\n`;
}

function schedulable({ unschedulable }: NodeStatus): readonly Pair[] {
  return unschedulable === null
    ? []
    : [['unschedulable', unschedulable ? 'yes (cordoned), taint node.kubernetes.io/unschedulable' : 'no']];
}

function align(pairs: readonly Pair[], width: number): readonly string[] {
  const cells = pairs.map(([name, value]) => [escapeText(name), escapeText(value)] as const);
  const left = Math.max(...cells.map(([name]) => textWidth(name)));
  const head = left === 0 ? 2 : left + 4;
  return cells.flatMap(([name, value]) =>
    wrapText(value, width - head, 24).map((line, at) =>
      `  ${pad(at === 0 ? name : '', head - 2, 'left')}${line}`.trimEnd(),
    ),
  );
}

/** The whole record in short: what runs, what is odd, where to look further. */
export function renderRecord(record: JsonObject, width: number): string {
  const said = (...path: readonly string[]): string => plainText(field(record, ...path)) || 'not known';
  const paths = list(record, 'paths');
  const present = paths.filter((path) => text(path, 'state') === 'present').length;
  const odd = paths.flatMap((path) =>
    list(path, 'odd').map((one): Pair => ['', `${text(path, 'path') ?? ''}: ${plainText(one)}`]),
  );
  const differences = field(record, 'config', 'differences');
  const pairs: readonly Pair[] = [
    ['node', `${said('status', 'name')} (${said('status', 'from')})`],
    [
      'kubelet',
      `${said('kubelet', 'version')}, ${said('kubelet', 'flavour')}, unit ${said('kubelet', 'unit')}`,
    ],
    ['kernel', said('kernel', 'release')],
    ['runtime', `${said('runtime', 'kind')} ${said('runtime', 'version')}, ${said('runtime', 'lowLevel')}`],
    [
      'CRIU',
      field(record, 'runtime', 'criu') === null
        ? 'not found'
        : `${said('runtime', 'criu')} ${said('runtime', 'criuVersion')}`,
    ],
    ['swap', `${list(record, 'swap').length} areas`],
    [
      'configuration',
      `${Object.keys(field(record, 'config', 'sources') ?? {}).length} values from ${list(record, 'config', 'files').length} files, ` +
        (Array.isArray(differences)
          ? `${differences.length} differ from the running kubelet`
          : `not compared: ${said('config', 'notCompared')}`),
    ],
    ['paths', `${present} of ${paths.length} there, ${odd.length} odd`],
    [
      'lease',
      number(record, 'status', 'lease', 'ageSeconds') === undefined
        ? 'not known'
        : `${said('status', 'lease', 'ageSeconds')} s, ${said('status', 'lease', 'state')}`,
    ],
  ];
  const problems = list(record, 'config', 'problems').map((one): Pair => ['', plainText(one)]);
  const sections = [
    align(pairs, width).join('\n'),
    ...(odd.length === 0 ? [] : [['odd', ...align(odd, width)].join('\n')]),
    ...(problems.length === 0 ? [] : [['problems', ...align(problems, width)].join('\n')]),
    'more: coldcase node config | paths | status | checkpoints',
  ];
  return `${sections.join('\n\n')}\n`;
}
