import { access, constants } from 'node:fs/promises';
import { type ClientCertificate, certificatesIn, clientCertificate } from './pem.js';
import { readSmallFile } from './read-file.js';
import { fingerprintOf } from './trust.js';

/** Credentials that a node or a control plane usually holds. */
export type UsualCredentials =
  | { readonly kind: 'certificate'; readonly from: string; readonly certificate: ClientCertificate }
  | { readonly kind: 'kubeconfig'; readonly from: readonly string[] };

interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Client certificates of API servers, which may do everything at a kubelet. */
export const API_SERVER_CERTIFICATES: readonly CertificateFiles[] = [
  // kubeadm, control plane
  {
    cert: '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
    key: '/etc/kubernetes/pki/apiserver-kubelet-client.key',
  },
  // k3s and RKE2, server
  {
    cert: '/var/lib/rancher/k3s/server/tls/client-kube-apiserver.crt',
    key: '/var/lib/rancher/k3s/server/tls/client-kube-apiserver.key',
  },
  {
    cert: '/var/lib/rancher/rke2/server/tls/client-kube-apiserver.crt',
    key: '/var/lib/rancher/rke2/server/tls/client-kube-apiserver.key',
  },
  // k0s, controller
  {
    cert: '/var/lib/k0s/pki/apiserver-kubelet-client.crt',
    key: '/var/lib/k0s/pki/apiserver-kubelet-client.key',
  },
];

/** Administrators' kubeconfigs. */
export const ADMIN_KUBECONFIGS: readonly string[] = [
  '/etc/kubernetes/admin.conf',
  '/etc/rancher/k3s/k3s.yaml',
  '/etc/rancher/rke2/rke2.yaml',
];

/** The kubelet's own, on every node: certificate and key in one file, usually not allowed to checkpoint. */
export const KUBELET_CERTIFICATE = '/var/lib/kubelet/pki/kubelet-client-current.pem';

/** Where a kubelet keeps its serving certificate: by rotation (serverTLSBootstrap), or self-signed. */
export const SERVING_CERTIFICATES: readonly string[] = [
  '/var/lib/kubelet/pki/kubelet-server-current.pem',
  '/var/lib/kubelet/pki/kubelet.crt',
  '/var/lib/rancher/k3s/agent/serving-kubelet.crt',
  '/var/lib/rancher/rke2/agent/serving-kubelet.crt',
];

export interface UsualSearch {
  /** Hears of what is there and cannot be used. */
  readonly skipped: (from: string, reason: string) => void;
  /** Only what can be shown to the kubelet itself, no kubeconfig. */
  readonly direct: boolean;
  /** The files of $KUBECONFIG, if it is set. */
  readonly kubeconfigs: readonly string[];
  /** Prepended to every path that is not the user's, for tests. */
  readonly prefix: string;
}

/**
 * The first of the usual credentials that is there, readable and valid: an API server's client certificate, the
 * kubeconfig that the environment names, an administrator's, and the kubelet's own certificate last, since it may
 * rarely checkpoint.
 */
export async function findUsualCredentials(search: UsualSearch): Promise<UsualCredentials | undefined> {
  const { prefix } = search;
  for (const { cert, key } of API_SERVER_CERTIFICATES) {
    const found = await tryCertificate(prefix + cert, prefix + key, search);
    if (found) return found;
  }
  if (!search.direct) {
    if (search.kubeconfigs.length > 0) return { kind: 'kubeconfig', from: search.kubeconfigs };
    for (const path of ADMIN_KUBECONFIGS) {
      if (await isReadable(prefix + path)) return { kind: 'kubeconfig', from: [prefix + path] };
    }
  }
  const own = prefix + KUBELET_CERTIFICATE;
  return tryCertificate(own, own, search);
}

async function tryCertificate(
  cert: string,
  key: string,
  { skipped }: UsualSearch,
): Promise<UsualCredentials | undefined> {
  if (!(await isReadable(cert))) return undefined;
  try {
    const texts = [
      await readSmallFile(cert, 'client certificate'),
      await readSmallFile(key, 'client key'),
    ] as const;
    return { kind: 'certificate', from: cert, certificate: clientCertificate(...texts, { cert, key }) };
  } catch (error) {
    skipped(cert, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Fingerprints of the serving certificates that this node's kubelet keeps on disk, which only root can write: who
 * talks to the kubelet of the same node need not be told which certificate to trust.
 */
export async function localServingFingerprints(
  prefix = '',
): Promise<{ fingerprints: string[]; from: string } | undefined> {
  const found = new Map<string, string>();
  for (const path of SERVING_CERTIFICATES) {
    try {
      const [leaf] = certificatesIn(await readSmallFile(prefix + path, 'serving certificate'), path);
      if (leaf) found.set(fingerprintOf(leaf), prefix + path);
    } catch {
      // not there, or not readable for this user: the flags decide
    }
  }
  if (found.size === 0) return undefined;
  return { fingerprints: [...found.keys()], from: [...found.values()].join(', ') };
}
