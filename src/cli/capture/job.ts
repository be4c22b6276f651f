import type { GivenTimes } from '../../kubelet/checkpoint-times.js';
import type { KubeletClient } from '../../kubelet/client.js';
import type { Endpoint } from '../../kubelet/endpoint.js';
import type { Target } from '../../kubelet/names.js';
import type { SealFor } from '../../seal/recipients.js';
import type { Progress } from '../progress.js';
import type { OutputPlace } from './output-place.js';

/** One run of capture, with everything decided that can be decided before anybody is asked. */
export interface CaptureJob {
  readonly target: Target;
  readonly endpoint: Endpoint;
  readonly checkpointDir: string;
  /** The node's file system: `/`, or where it is mounted. */
  readonly hostRoot: string;
  /** What the command line says of times. */
  readonly times: GivenTimes;
  /** Whether to thaw a container that the capture left frozen. */
  readonly thaw: boolean;
  readonly sealFor: SealFor;
  readonly output: OutputPlace;
  readonly keepOriginal: boolean;
  /** Whether the record says what `coldcase node` says of this node. */
  readonly nodeContext: boolean;
  readonly force: boolean;
  /** Whether to go on although it may kill the container. */
  readonly yes: boolean;
  /** Whether to believe that this machine is the pod's node, where nothing tells or a directory tells otherwise. */
  readonly thisNode: boolean;
  /** Tells people something at once, on standard error. */
  readonly note: (line: string) => void;
  readonly toolVersion: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A target whose container is named. */
export type ContainerTarget = Target & { readonly container: string };

/** A job whose kubelet is connected. */
export interface ConnectedJob extends CaptureJob {
  readonly client: KubeletClient;
  /** The kubelet's, in seconds. */
  readonly runtimeRequestTimeout: number;
}
