import { UsageError } from '../base/errors.js';
import { isSubdomain } from './names.js';

/** The connection flags of a command, as typed. */
export interface ConnectionFlags {
  readonly kubelet?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsFingerprint?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly node?: string | undefined;
}

/** @throws UsageError for flags that contradict each other, or make no sense alone */
export function checkFlags(flags: ConnectionFlags): void {
  const clash = (a: string, b: string): UsageError => new UsageError(`${a} and ${b} contradict each other`);
  const viaApi = ['kubeconfig', 'context', 'node'] as const;
  const directly = ['kubelet', 'clientCertificate', 'tokenFile'] as const;
  for (const api of viaApi) {
    for (const straight of directly) {
      if (flags[api] !== undefined && flags[straight] !== undefined) throw clash(flag(api), flag(straight));
    }
  }
  if (flags.clientKey !== undefined && flags.clientCertificate === undefined) {
    throw new UsageError('--client-key needs --client-certificate', {
      remedy: 'when both are in one file, name it by --client-certificate alone',
    });
  }
  const verifying = ['insecureSkipTlsVerify', 'tlsFingerprint', 'certificateAuthority'] as const;
  const [first, second] = verifying.filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (first && second) throw clash(flag(first), flag(second));
  if (flags.node !== undefined && !isSubdomain(flags.node)) {
    throw new UsageError(`${JSON.stringify(flags.node)} cannot be the name of a node`);
  }
}

function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
