import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DeniedError, FailedError } from '../base/errors.js';
import { formatTime } from '../base/units.js';

/** A client certificate (with the chain that came with it) and its private key, both PEM and known to fit. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** Subject in one line, untrusted text: `CN=kube-apiserver-kubelet-client, O=system:masters`. */
  readonly subject: string;
  readonly notAfter: Date;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/;

/**
 * Takes a client certificate and its key out of PEM text, and checks what can be known before connecting: both are
 * there and readable, the key belongs to the first certificate, and that one is valid now. The text of the key is
 * never quoted.
 *
 * @param certText - what the certificate's file holds; with one file for both, the key's too
 * @param from - the file's name, for errors
 * @throws DeniedError when the certificate is expired or not valid yet; FailedError for the rest
 */
export function clientCertificate(
  certText: string,
  keyText: string,
  from: { cert: string; key: string },
  now: Date = new Date(),
): ClientCertificate {
  const chain = certText.match(CERTIFICATE);
  const leaf = chain?.[0];
  if (!chain || leaf === undefined) {
    throw new FailedError(`${from.cert} holds no PEM certificate`, {
      remedy: 'a client certificate starts with -----BEGIN CERTIFICATE-----',
    });
  }
  const keyPem = keyText.match(PRIVATE_KEY)?.[0];
  if (keyPem === undefined) {
    throw new FailedError(`${from.key} holds no PEM private key`, {
      remedy: 'name the file with the private key by --client-key',
    });
  }
  if (keyPem.includes('ENCRYPTED')) {
    throw new FailedError(`the private key in ${from.key} is encrypted with a passphrase`, {
      remedy: 'neither kubectl nor the kubelet use such keys; give one that is not encrypted',
    });
  }
  const parsed = parse(leaf, from.cert);
  let matches: boolean;
  try {
    matches = parsed.checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    throw new FailedError(`the private key in ${from.key} cannot be read`, {
      remedy: 'is the file damaged? openssl pkey -noout -check -in FILE tells',
      cause,
    });
  }
  if (!matches) {
    throw new FailedError(`the key in ${from.key} does not belong to the certificate in ${from.cert}`, {
      remedy: 'give the key that was made with this certificate (--client-certificate and --client-key)',
    });
  }
  checkDates(parsed, from.cert, now);
  return {
    cert: chain.join('\n'),
    key: keyPem,
    subject: parsed.subject.split('\n').join(', '),
    notAfter: new Date(parsed.validTo),
  };
}

function parse(pem: string, from: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new FailedError(`the certificate in ${from} cannot be read`, {
      remedy: 'is the file damaged? openssl x509 -noout -text -in FILE tells',
      cause,
    });
  }
}

function checkDates(certificate: X509Certificate, from: string, now: Date): void {
  const [notBefore, notAfter] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (now > notAfter) {
    throw new DeniedError(`the client certificate in ${from} expired on ${formatTime(notAfter)}`, {
      remedy: 'renew it (kubeadm certs renew, or the kubelet does it for its own) or give another one',
    });
  }
  if (now < notBefore) {
    throw new DeniedError(`the client certificate in ${from} is not valid before ${formatTime(notBefore)}`, {
      remedy: "is this machine's clock right?",
    });
  }
}

/** The certificates in PEM text, parsed. */
export function certificatesIn(pem: string, from: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((one) => parse(one, from));
}

/**
 * The same text, once it is sure that there is an authority in it: to OpenSSL, none at all is no error, and nothing
 * but emptiness means the system's authorities.
 *
 * @param from - where it is from, for the error
 * @throws FailedError
 */
export function authorityText(pem: string, from: string): string {
  if (certificatesIn(pem, from).length > 0) return pem;
  throw new FailedError(`${from} holds no PEM certificate`, {
    remedy: 'an authority starts with -----BEGIN CERTIFICATE-----',
  });
}
