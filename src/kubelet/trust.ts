import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { UnsafeError, UsageError } from '../base/errors.js';
import { formatTime } from '../base/units.js';

/** How the server proves that it is the one that was meant. */
export type Trust =
  /** A chain to these authorities (PEM; the system's own when undefined), and the name in the certificate. */
  | { readonly kind: 'authority'; readonly ca: string | undefined; readonly serverName: string | undefined }
  /** Exactly a certificate with one of these SHA-256 fingerprints (64 lower-case hex digits), whatever its names. */
  | { readonly kind: 'pin'; readonly fingerprints: readonly string[]; readonly from: string }
  /** Not at all: --insecure-skip-tls-verify. */
  | { readonly kind: 'none' };

/**
 * Reads a SHA-256 fingerprint as openssl, Node, ssh or coldcase itself print them: hex digits of either case, with
 * or without colons, with or without `sha256:` before. Returns 64 lower-case hex digits.
 *
 * @throws UsageError when it is none
 */
export function parseFingerprint(text: string): string {
  const hex = text
    .trim()
    .replace(/^sha-?256( fingerprint)?[:=]/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new UsageError(`${JSON.stringify(text)} is not a SHA-256 fingerprint`, {
      remedy: '64 hex digits, as openssl x509 -noout -fingerprint -sha256 -in FILE prints them',
    });
  }
  return hex;
}

/** SHA-256 of a certificate's DER encoding, 64 lower-case hex digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * Decides about a server whose handshake is done, before a byte of a request goes out. The socket was opened without
 * letting TLS itself refuse, so that a refusal here can show the certificate that was refused.
 *
 * @param where - `host:port`, for the error
 * @returns undefined when the server is trusted
 */
export function refusal(socket: TLSSocket, trust: Trust, where: string): UnsafeError | undefined {
  if (trust.kind === 'none') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return new UnsafeError(`the server at ${where} showed no certificate`);
  const fingerprint = fingerprintOf(certificate);
  if (trust.kind === 'pin') {
    if (trust.fingerprints.includes(fingerprint)) return undefined;
    return new UnsafeError(`the server at ${where} shows another certificate than the one pinned`, {
      remedy:
        'find out what answers there; what to trust instead: --certificate-authority or --tls-fingerprint',
      more: [
        `pinned:  ${trust.fingerprints.join(', ')} (${trust.from})`,
        `shown:   ${fingerprint}`,
        ...describe(certificate),
      ],
    });
  }
  if (socket.authorized) return undefined;
  // its type says Error, but Node puts the code's text there
  const reason = String(socket.authorizationError);
  const pinning = [
    `sha-256: ${fingerprint}`,
    ...describe(certificate),
    '',
    `--tls-fingerprint ${fingerprint}`,
  ];
  if (reason.includes('ALTNAME')) {
    return new UnsafeError(`the certificate of ${where} is for other names: ${namesOf(certificate)}`, {
      remedy: 'connect to one of these names, say which by --tls-server-name NAME, or pin the certificate:',
      more: pinning,
    });
  }
  if (reason.includes('EXPIRED') || reason.includes('NOT_YET_VALID')) {
    return new UnsafeError(`the certificate of ${where} is not valid now (${reason})`, {
      remedy: "is this machine's clock right? If it is the right server all the same, pin its certificate:",
      more: pinning,
    });
  }
  const selfSigned = reason.includes('SELF_SIGNED') || reason.includes('LEAF_SIGNATURE');
  return new UnsafeError(
    selfSigned
      ? `the certificate of ${where} is self-signed or from an authority that is not known here (${reason})`
      : `the certificate of ${where} is not trusted (${reason})`,
    {
      remedy:
        "give the authority by --certificate-authority FILE, or compare with the node's own file and pin it:",
      more: pinning,
    },
  );
}

function describe(certificate: X509Certificate): string[] {
  return [
    `subject: ${certificate.subject.split('\n').join(', ')}`,
    `issuer:  ${certificate.issuer.split('\n').join(', ')}`,
    `names:   ${namesOf(certificate)}`,
    `expires: ${formatTime(new Date(certificate.validTo))}`,
  ];
}

function namesOf(certificate: X509Certificate): string {
  return certificate.subjectAltName ?? certificate.subject.split('\n').join(', ');
}
