import { access, constants } from 'node:fs/promises';
import { type ClientCertificate, certificatesIn, clientCertificate } from './pem.js';
import { readSmallFile } from './read-file.js';
import { fingerprintOf } from './trust.js';

/** Credentials that a node or a control plane usually holds. */
export type UsualCredentials =
  | { readonly kind: 'certificate'; readonly from: string; readonly certificate: ClientCertificate }
  | { readonly kind: 'kubeconfig'; readonly from: string };

interface Candidate {
  readonly cert?: string;
  readonly key?: string;
  readonly kubeconfig?: string;
}

/** In the order in which they are tried: those that may checkpoint come before the kubelet's own, which may not. */
export const USUAL_CREDENTIALS: readonly Candidate[] = [
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
  { kubeconfig: '/etc/kubernetes/admin.conf' },
  { kubeconfig: '/etc/rancher/k3s/k3s.yaml' },
  { kubeconfig: '/etc/rancher/rke2/rke2.yaml' },
  // every kubeadm node: the kubelet itself, certificate and key in one file; usually not allowed to checkpoint
  {
    cert: '/var/lib/kubelet/pki/kubelet-client-current.pem',
    key: '/var/lib/kubelet/pki/kubelet-client-current.pem',
  },
];

/** Where a kubelet keeps its serving certificate: by rotation (serverTLSBootstrap), or self-signed. */
export const SERVING_CERTIFICATES: readonly string[] = [
  '/var/lib/kubelet/pki/kubelet-server-current.pem',
  '/var/lib/kubelet/pki/kubelet.crt',
  '/var/lib/rancher/k3s/agent/serving-kubelet.crt',
  '/var/lib/rancher/rke2/agent/serving-kubelet.crt',
];

/**
 * The first of the usual credentials that is there, readable and valid. What is there and cannot be used is passed
 * to `skipped` with the reason.
 *
 * @param prefix - prepended to every path, for tests
 */
export async function findUsualCredentials(
  skipped: (from: string, reason: string) => void,
  direct: boolean,
  prefix = '',
): Promise<UsualCredentials | undefined> {
  for (const candidate of USUAL_CREDENTIALS) {
    const from = prefix + (candidate.cert ?? candidate.kubeconfig ?? '');
    try {
      await access(from, constants.F_OK);
    } catch {
      continue;
    }
    try {
      if (candidate.cert === undefined) {
        if (direct) continue;
        await access(from, constants.R_OK);
        return { kind: 'kubeconfig', from };
      }
      const key = prefix + (candidate.key ?? candidate.cert);
      const certificate = clientCertificate(
        await readSmallFile(from, 'client certificate'),
        await readSmallFile(key, 'client key'),
        { cert: from, key },
      );
      return { kind: 'certificate', from, certificate };
    } catch (error) {
      skipped(from, error instanceof Error ? error.message : String(error));
    }
  }
  return undefined;
}

/**
 * Fingerprints of the serving certificates that this node's kubelet keeps on disk, which only root can write: who
 * talks to the kubelet of the same node need not be told which certificate to trust.
 */
export async function localServingFingerprints(
  prefix = '',
): Promise<{ fingerprints: string[]; from: string } | undefined> {
  for (const path of SERVING_CERTIFICATES) {
    try {
      const [leaf] = certificatesIn(await readSmallFile(prefix + path, 'serving certificate'), path);
      if (leaf) return { fingerprints: [fingerprintOf(leaf)], from: prefix + path };
    } catch {
      // not there, or not readable for this user: the flags decide
    }
  }
  return undefined;
}
