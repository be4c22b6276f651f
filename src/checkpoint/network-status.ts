import type { Archive } from '../archive/archive.js';
import { readJson } from './engine-metadata.js';

/** A network that Podman connected the container to. */
export interface ContainerNetwork {
  readonly name: string;
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string | undefined;
    /** Addresses without prefix length. */
    readonly addresses: readonly string[];
    /** Addresses with prefix length. */
    readonly subnets: readonly string[];
    readonly gateways: readonly string[];
  }[];
}

/** Podman's network.status: networks by name, each with its interfaces by name. */
export async function readNetworkStatus(archive: Archive): Promise<readonly ContainerNetwork[]> {
  const status = await readJson(archive, 'network.status');
  return (status?.keys() ?? []).map((name) => {
    const interfaces = status?.object(name)?.object('interfaces');
    return {
      name,
      interfaces: (interfaces?.keys() ?? []).map((device) => {
        const fields = interfaces?.object(device);
        const subnets = fields?.objects('subnets') ?? [];
        const networks = subnets.flatMap((subnet) => subnet.text('ipnet') ?? []);
        return {
          name: device,
          mac: fields?.text('mac_address'),
          addresses: networks.map((network) => network.split('/')[0] ?? network),
          subnets: networks,
          gateways: subnets.flatMap((subnet) => subnet.text('gateway') ?? []),
        };
      }),
    };
  });
}
