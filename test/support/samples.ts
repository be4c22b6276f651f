import { fileURLToPath } from 'node:url';

/** The real archives under samples/, by the engine that made them. */
export const SAMPLES = ['containerd-redis', 'crio-looper', 'podman-incident'] as const;
export type Sample = (typeof SAMPLES)[number];

/** Path of a sample archive (a zstd-compressed tar) or of a peer tool's answer about it. */
export function samplePath(sample: Sample, suffix = '.tar.zst'): string {
  return fileURLToPath(new URL(`../../samples/${sample}${suffix}`, import.meta.url));
}
