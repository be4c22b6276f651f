import type { Command } from 'commander';
import { parseDuration } from '../base/duration.js';
import type { GivenTimes } from '../kubelet/checkpoint-times.js';
import type { ConnectionFlags } from '../kubelet/endpoint.js';

/** What `addConnectionOptions` puts into commander's options. */
export type ConnectionOptions = ConnectionFlags;

/** Adds the flags that say whom to ask and as whom, named as kubectl names them. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('--kubelet <url>', 'the kubelet (default: https://127.0.0.1:10250)')
    .option('--client-certificate <file>', 'client certificate, PEM; the key may be in the same file')
    .option('--client-key <file>', "the certificate's private key, PEM")
    .option('--token-file <file>', 'file with a bearer token')
    .option('--certificate-authority <file>', "authority of the server's certificate, PEM")
    .option('--tls-fingerprint <sha256>', "trust exactly the server's certificate with this fingerprint")
    .option('--tls-server-name <name>', "name that the server's certificate is for")
    .option('--insecure-skip-tls-verify', 'do not verify the server: talk to whoever answers')
    .option('--kubeconfig <file>', 'go through the API server, with a login of this kubeconfig')
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--node <name>', 'node to ask through the API server (default: where the pod is)');
}

/**
 * The two timeouts as they were given: the kubelet's in whole seconds, rounded up, and the client's in milliseconds.
 *
 * @throws UsageError
 */
export function readTimes(timeout: string | undefined, requestTimeout: string | undefined): GivenTimes {
  return {
    timeout: timeout === undefined ? undefined : Math.ceil(parseDuration(timeout, '--timeout') / 1000),
    requestTimeout:
      requestTimeout === undefined ? undefined : parseDuration(requestTimeout, '--request-timeout'),
  };
}
