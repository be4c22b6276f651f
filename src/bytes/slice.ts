import { requireRange } from './range.js';
import type { ByteSource } from './source.js';

/**
 * A run of another source as a source of its own. Closing it leaves the source below open: many slices share one.
 *
 * @throws FormatError when the run does not lie within the source
 */
export function sliceSource(below: ByteSource, offset: number, size: number, name: string): ByteSource {
  requireRange(below, offset, size);
  const self: ByteSource = {
    name,
    size,
    read: async (at, length) => {
      requireRange(self, at, length);
      return below.read(offset + at, length);
    },
    close: async () => {},
  };
  return self;
}
