import { ColdcaseError, InterruptedError } from '../../base/errors.js';
import { DEFAULT_RUNTIME_REQUEST_TIMEOUT, parseConfigured } from '../../kubelet/checkpoint-times.js';
import type { KubeletClient } from '../../kubelet/client.js';
import type { CaptureJob } from './job.js';

/**
 * The kubelet's runtimeRequestTimeout in seconds: as it says itself (/configz, which leaves out what is zero), else as
 * this node's configuration has it, else the default. A capture never fails because of it.
 */
export async function runtimeRequestTimeout(job: CaptureJob, client: KubeletClient): Promise<number> {
  try {
    const { runtimeRequestTimeout: said } = await client.configz(job.signal);
    return parseConfigured(said) ?? DEFAULT_RUNTIME_REQUEST_TIMEOUT;
  } catch (error) {
    if (!(error instanceof ColdcaseError) || error instanceof InterruptedError) throw error;
    // not allowed to ask, or no answer: then the node's own files
  }
  const { HostRoot } = await import('../../node/host/root.js');
  const { loadKubeletConfig, setting } = await import('../../node/config/kubelet.js');
  const configuration = await loadKubeletConfig(await HostRoot.open(job.hostRoot));
  return parseConfigured(setting(configuration, 'runtimeRequestTimeout')) ?? DEFAULT_RUNTIME_REQUEST_TIMEOUT;
}
