import { createRequire } from 'node:module';
import { FailedError } from '../base/errors.js';
import { type Binding, nativeEngine } from './zstd-native.js';
import { nodeEngine } from './zstd-node.js';
import type { ZstdEngine } from './zstd-work.js';

const load = createRequire(import.meta.url);
let engine: ZstdEngine | undefined;

/**
 * zstd-napi; where npm installed that without building it (`--ignore-scripts`, or by a policy of npm's), the zstd of
 * node itself, which has one since 22.15.
 *
 * @throws FailedError when there is neither
 */
export function zstdEngine(): ZstdEngine {
  engine ??= find();
  return engine;
}

function find(): ZstdEngine {
  try {
    const binding: Binding = load('zstd-napi/binding.js');
    return nativeEngine(binding);
  } catch (cause) {
    const zlib: object = load('node:zlib');
    const streams: typeof import('node:stream') = load('node:stream');
    const own = nodeEngine(zlib, streams);
    if (own !== undefined) return own;
    throw new FailedError('zstd-napi was not built: npm installed it without its install script', {
      remedy:
        'npm rebuild zstd-napi, or npm install without --ignore-scripts; node 22.15 and later need neither',
      cause,
    });
  }
}
