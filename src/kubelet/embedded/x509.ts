import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, bytes, explicit, list, objectId, primitive, set, time, utf8 } from './der.js';

/** A certificate and its private key, PEM. */
export interface Issued {
  readonly cert: string;
  /** PKCS#8; secret. */
  readonly key: string;
}

export interface Authority extends Issued {
  readonly name: Name;
}

export interface Name {
  readonly commonName: string;
  /** Kubernetes reads these as the groups of a user. */
  readonly organizations?: readonly string[];
}

export interface CertificateRequest {
  readonly subject: Name;
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  readonly usage: 'client' | 'server' | 'authority';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY = 86_400_000;

/**
 * Makes short-lived certificates for the embedded kubelet, since Node can read X.509 but not write it: RFC 5280
 * version 3, P-256, ecdsa-with-SHA256 (RFC 5758), and the few extensions that TLS looks at.
 */
export function createAuthority(commonName: string): Authority {
  const name = { commonName };
  return { name, ...issue(undefined, { subject: name, usage: 'authority' }) };
}

/** Issues a certificate for a fresh key; without an authority it signs itself. */
export function issue(authority: Authority | undefined, request: CertificateRequest): Issued {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = authority?.key ?? pair.privateKey;
  const body = certificateBody(pair.publicKey, authority?.name ?? request.subject, request);
  const signature = sign('sha256', body, signer);
  const der = list(body, ECDSA_WITH_SHA256, bitString(signature));
  const base64 = der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const ECDSA_WITH_SHA256 = list(objectId('1.2.840.10045.4.3.2'));

function certificateBody(publicKey: KeyObject, issuer: Name, request: CertificateRequest): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never shortened
  const notBefore = request.notBefore ?? new Date(Date.now() - DAY);
  const notAfter = request.notAfter ?? new Date(Date.now() + 7 * DAY);
  return list(
    explicit(0, primitive(0x02, Buffer.from([2]))), // version 3
    primitive(0x02, serial),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    list(time(notBefore), time(notAfter)),
    distinguishedName(request.subject),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
    explicit(3, list(...extensions(request))),
  );
}

function distinguishedName({ commonName, organizations = [] }: Name): Buffer {
  const attribute = (id: string, value: string): Buffer => set(list(objectId(id), utf8(value)));
  return list(
    ...organizations.map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', commonName),
  );
}

function extensions({ usage, names = [] }: CertificateRequest): Buffer[] {
  const TRUE = primitive(0x01, Buffer.from([0xff]));
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    list(objectId(id), ...(critical ? [TRUE] : []), bytes(value));
  const out =
    usage === 'authority'
      ? [
          extension('2.5.29.19', true, list(TRUE)), // basicConstraints: a CA
          extension('2.5.29.15', true, primitive(0x03, Buffer.from([2, 0x04]))), // keyUsage: keyCertSign
        ]
      : [
          extension('2.5.29.15', true, primitive(0x03, Buffer.from([7, 0x80]))), // keyUsage: digitalSignature
          // extendedKeyUsage: serverAuth or clientAuth
          extension('2.5.29.37', false, list(objectId(`1.3.6.1.5.5.7.3.${usage === 'server' ? 1 : 2}`))),
        ];
  if (names.length > 0) out.push(extension('2.5.29.17', false, list(...names.map(generalName))));
  return out;
}

/** RFC 5280 section 4.2.1.6: dNSName [2], iPAddress [7]. */
function generalName(name: string): Buffer {
  if (isIP(name) === 4) return primitive(0x87, Buffer.from(name.split('.').map(Number)));
  return primitive(0x82, Buffer.from(name, 'latin1'));
}
