import type { JsonValue } from '../base/json.js';
import { formatSize } from '../base/units.js';
import type { ContainerInfo } from '../checkpoint/container.js';
import type { DumpFacts } from '../checkpoint/dump.js';
import type { DumpStatistics } from '../checkpoint/stats.js';
import type { TreeNode } from '../render/table.js';
import { type InspectPart, leafNode, section } from './inspect-part.js';
import type { ShowRow } from './show.js';
import { jsonNumber } from './view.js';

/** Who and what was checkpointed. */
export function identityPart(row: ShowRow, container: ContainerInfo): InspectPart {
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['Archive', row.archive],
    ['Image', row.image],
    ['Image ID', container.imageId],
    ['ID', row.id],
    ['Runtime', row.runtime],
    ['Engine', row.engine],
    ['Namespace', row.namespace],
    ['Pod', row.pod],
    ['IP', container.addresses.join(', ')],
    ['MAC', container.macs.join(', ')],
    ['Created', row.created],
    ['Started', container.started],
    ['Checkpointed', row.checkpointed],
  ];
  return {
    json: () => ({
      ...row,
      imageId: container.imageId ?? null,
      started: container.started ?? null,
      addresses: container.addresses,
      macs: container.macs,
      networks: container.networks.map((network) => ({
        name: network.name,
        interfaces: network.interfaces.map((device) => ({ ...device, mac: device.mac ?? null })),
      })),
    }),
    nodes: () => [
      ...facts.flatMap(([name, value]) =>
        value === null || value === undefined || value === '' ? [] : leafNode(`${name}: ${value}`),
      ),
      {
        label: `Checkpoint size: ${formatSize(row.checkpointSize)}`,
        children: [
          leafNode(`Memory pages: ${formatSize(row.memorySize)}`),
          leafNode(`Root file system changes: ${formatSize(row.rootFsDiffSize)}`),
        ],
      },
    ],
  };
}

/** What the dump took. */
export function statisticsPart(statistics: DumpStatistics | undefined): InspectPart {
  if (statistics === undefined)
    return {
      json: () => ({ statistics: null }),
      nodes: () => [leafNode('CRIU dump statistics: none in the archive')],
    };
  const facts = [
    `Freezing time: ${milliseconds(statistics.freezingTime)}`,
    `Frozen time: ${milliseconds(statistics.frozenTime)}`,
    `Memory dump time: ${milliseconds(statistics.memdumpTime)}`,
    `Memory write time: ${milliseconds(statistics.memwriteTime)}`,
    `Pages scanned: ${statistics.pagesScanned}`,
    `Pages written: ${statistics.pagesWritten}`,
    `Pages in a parent checkpoint: ${statistics.pagesSkippedParent}`,
  ];
  const optional = (value: bigint | undefined): JsonValue => (value === undefined ? null : jsonNumber(value));
  return {
    json: () => ({
      statistics: {
        freezingTime: statistics.freezingTime,
        frozenTime: statistics.frozenTime,
        memdumpTime: statistics.memdumpTime,
        memwriteTime: statistics.memwriteTime,
        pagesScanned: jsonNumber(statistics.pagesScanned),
        pagesWritten: jsonNumber(statistics.pagesWritten),
        pagesSkippedParent: jsonNumber(statistics.pagesSkippedParent),
        pagesLazy: jsonNumber(statistics.pagesLazy),
        sharedPagesScanned: optional(statistics.sharedPagesScanned),
        sharedPagesWritten: optional(statistics.sharedPagesWritten),
      },
    }),
    nodes: () => [{ label: 'CRIU dump statistics', children: facts.map(leafNode) }],
  };
}

/** CRIU measures in microseconds, and most of it takes milliseconds. */
function milliseconds(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 0)} ms`;
}

/** What the engine and CRIU recorded beside. */
export function metadataPart(container: ContainerInfo, dump: DumpFacts): InspectPart {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Pod UID', container.podUid],
    ['Sandbox ID', container.sandboxId],
    ['Restarts', container.attempt?.toString()],
    ['Hostname', container.hostname ?? dump.nodeNames.join(' ')],
    ['PID on the node', container.hostPid?.toString()],
    ['Log', container.logPath],
    ['Cgroup', container.spec?.cgroupsPath],
    ['Created by', container.createCommand.join(' ')],
    ['CRIU', dump.criuVersion],
    ['Kernel', dump.kernel],
    ['LSM', dump.lsm],
  ];
  const pairs = (label: string, map: ReadonlyMap<string, string>): readonly TreeNode[] =>
    map.size === 0
      ? []
      : [{ label, children: [...map].map(([name, value]) => leafNode(`${name}: ${value}`)) }];
  return {
    json: () => ({
      metadata: {
        podUid: container.podUid ?? null,
        sandboxId: container.sandboxId ?? null,
        attempt: container.attempt ?? null,
        hostname: container.hostname ?? dump.nodeNames[0] ?? null,
        hostPid: container.hostPid ?? null,
        logPath: container.logPath ?? null,
        cgroupsPath: container.spec?.cgroupsPath ?? null,
        createCommand: container.createCommand,
        criuVersion: dump.criuVersion ?? null,
        kernel: dump.kernel ?? null,
        lsm: dump.lsm ?? null,
        imageVersion: dump.imageVersion ?? null,
        runId: dump.runId ?? null,
        logComplaints: dump.complaints,
        checkpointedFrom: container.checkpointedFrom ?? null,
        annotations: Object.fromEntries(container.annotations),
        labels: Object.fromEntries(container.labels),
        deletedFiles: container.deletedFiles,
        bindMounts: container.bindMounts.map((mount) => ({ ...mount })),
      },
    }),
    nodes: () => [
      {
        label: 'Metadata',
        children: [
          ...facts.flatMap(([name, value]) =>
            value === undefined || value === '' ? [] : leafNode(`${name}: ${value}`),
          ),
          ...pairs('Annotations', container.annotations),
          ...pairs('Labels', container.labels),
          ...section('Errors and warnings in the log of the dump', dump.complaints),
          ...(container.deletedFiles.length === 0
            ? []
            : [{ label: 'Deleted files', children: container.deletedFiles.map(leafNode) }]),
        ],
      },
    ],
  };
}
