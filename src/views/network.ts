import type { NetworkNamespace } from '../checkpoint/network.js';
import type { View } from './view.js';

export type NetworkRow = {
  readonly namespace: number;
  readonly kind: string;
  readonly name: string;
  readonly value: string;
  readonly detail: string;
};

/** Devices, addresses, routes, rules and firewall of each network namespace, where the archive has them. */
export const networkView: View<NetworkRow> = {
  name: 'network',
  summary: 'network devices, addresses, routes, firewall rules',
  examples: ['coldcase network checkpoint.tar', 'coldcase network checkpoint.tar --filter kind=firewall'],
  tab: {
    title: 'devices, routes, firewall',
    pages: ['network'],
    empty: 'this archive has no network images: the engine kept the network outside of the checkpoint',
  },
  columns: [
    { key: 'namespace', header: 'NETNS', align: 'right', about: "CRIU's id of the network namespace" },
    { key: 'kind', header: 'KIND', about: 'namespace, device, address, route, rule or firewall' },
    { key: 'name', header: 'NAME', about: 'the device; of firewall rules the image' },
    {
      key: 'value',
      header: 'VALUE',
      squeeze: 1,
      about: 'hardware address, address, destination, or a line of the firewall',
    },
    { key: 'detail', header: 'DETAIL', squeeze: 2, about: 'further facts in words' },
  ],
  async rows(checkpoint, { pid }) {
    const namespaces = await checkpoint.network();
    if (pid === undefined) return namespaces.flatMap(networkRows);
    const [process] = await checkpoint.select(pid);
    const id = (await process?.ids())?.net_ns_id;
    return namespaces.filter((namespace) => namespace.id === id).flatMap(networkRows);
  },
  tree: (rows) => {
    const namespaces = [...new Set(rows.map(({ namespace }) => namespace))];
    return namespaces.map((id) => ({
      label: `network namespace ${id}`,
      children: rows
        .filter((row) => row.namespace === id)
        .map((row) => ({
          label: [row.kind, row.name, row.value, row.detail].filter((text) => text !== '').join(' '),
          children: [],
        })),
    }));
  },
};

function networkRows(namespace: NetworkNamespace): readonly NetworkRow[] {
  const row = (kind: string, name: string, value: string, detail: string): NetworkRow => ({
    namespace: namespace.id,
    kind,
    name,
    value,
    detail,
  });
  const deviceName = (index: number | undefined): string =>
    namespace.devices.find((device) => device.index === index)?.name ??
    (index === undefined ? '' : `interface ${index}`);
  return [
    row(
      'namespace',
      '',
      '',
      namespace.external === undefined
        ? "the checkpoint's own"
        : `provided from outside as ${namespace.external}`,
    ),
    ...namespace.devices.flatMap((device) => [
      row(
        'device',
        device.name,
        device.mac ?? '',
        `${device.type}, mtu ${device.mtu}, ${device.flags.join(' ')}`,
      ),
      ...device.addresses.map(({ address, peer, scope }) =>
        row(
          'address',
          device.name,
          address,
          peer === undefined ? `scope ${scope}` : `scope ${scope}, peer ${peer}`,
        ),
      ),
    ]),
    ...namespace.routes.map((route) => {
      const via = route.gateway === undefined ? '' : `via ${route.gateway} `;
      const metric = route.metric === undefined ? '' : `, metric ${route.metric}`;
      return row(
        'route',
        deviceName(route.ifindex),
        route.destination,
        `${via}${route.kind}, table ${route.table}${metric}`,
      );
    }),
    ...namespace.rules.map((rule) =>
      row(
        'rule',
        '',
        `${rule.priority}: from ${rule.from} to ${rule.to}`,
        `${rule.family}, table ${rule.table}`,
      ),
    ),
    ...namespace.firewall.flatMap(({ image, text }) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => row('firewall', image, line.replaceAll('\t', '  '), '')),
    ),
  ];
}
