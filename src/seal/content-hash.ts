import { createHash } from 'node:crypto';
import { Crew } from './crew.js';
import { allocateRing } from './frame-ring.js';

/** SHA-256 of content that comes piece by piece. */
export interface ContentHash {
  update(content: Uint8Array): void | Promise<void>;
  /** Lower-case hex. */
  digest(): string | Promise<string>;
  /** To be called whatever happens. */
  close(): Promise<void>;
}

/** Below this, starting a thread takes longer than it saves. */
const WORTH_A_THREAD = 64 * 1024 * 1024;
const SLOTS = 16;

/**
 * @param size - how much content is expected: much of it is hashed on a thread of its own, while the caller
 * decrypts and decodes what comes next
 */
export function createContentHash(size: number, signal?: AbortSignal): ContentHash {
  if (size < WORTH_A_THREAD) {
    const hash = createHash('sha256');
    return {
      update: (content) => void hash.update(content),
      digest: () => hash.digest('hex'),
      close: async () => {},
    };
  }
  const crew = new Crew(allocateRing(SLOTS), 0, undefined, signal);
  return {
    update: (content) => crew.append(content),
    digest: () => {
      crew.finish();
      return crew.sha256;
    },
    close: () => crew.dismiss(),
  };
}
