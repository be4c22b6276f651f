import type { OpenNodeApi } from '../../node/connect.js';
import type { CaptureRecord } from '../../seal/capture-record.js';
import type { ConnectedJob } from './job.js';

export type NodeContext = NonNullable<CaptureRecord['node']>;

/** How long the record may wait for it once the archive is there, in milliseconds. */
const PATIENCE = 30_000;

/**
 * What `coldcase node --json` says, for the record: gathered while the kubelet works. Secrets are masked, and what
 * state files hold is left out, for a record is no place for the pods of others. A capture never fails because of
 * it: if it cannot be had, the record says why.
 */
export async function gatherNodeContext(job: ConnectedJob): Promise<NodeContext> {
  let api: OpenNodeApi | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<NodeContext>((resolve) => {
      timer = setTimeout(() => resolve({ notKnown: `took more than ${PATIENCE / 1000} s` }), PATIENCE);
    });
    const { openNodeApi } = await import('../../node/connect.js');
    const { HostRoot } = await import('../../node/host/root.js');
    const { nodeRecord } = await import('../../node/record.js');
    api = openNodeApi(job.endpoint, job.client.node);
    const host = await HostRoot.open(job.hostRoot);
    return await Promise.race([nodeRecord(host, { api, noApi: undefined, forRecord: true }), late]);
  } catch (error) {
    return { notKnown: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    await api?.close().catch(() => undefined); // what it answered is in, or given up
  }
}
