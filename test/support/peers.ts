import { readFileSync } from 'node:fs';
import { decompress } from 'zstd-napi';
import type { Sample } from './samples.js';

/** What crit or checkpointctl answered about a sample archive, as text (JSON). */
export function peerAnswer(sample: Sample, kind: 'crit' | 'crit-pretty' | 'checkpointctl'): string {
  const compressed = kind !== 'checkpointctl';
  const url = new URL(`../fixtures/peers/${sample}.${kind}.json${compressed ? '.zst' : ''}`, import.meta.url);
  const bytes = readFileSync(url);
  return (compressed ? decompress(bytes) : bytes).toString('utf8');
}
