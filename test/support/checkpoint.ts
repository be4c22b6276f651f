import { openArchive } from '../../src/archive/open.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import type { Row } from '../../src/render/table.js';
import type { View, ViewOptions } from '../../src/views/view.js';
import { type Sample, samplePath } from './samples.js';

/** A sample archive as a checkpoint; what it opened is released at the end of the test run. */
export async function sampleCheckpoint(sample: Sample): Promise<Checkpoint> {
  return new Checkpoint(await openArchive(samplePath(sample)));
}

/** The rows of a view of a sample. */
export async function sampleRows<R extends Row>(
  sample: Sample,
  view: View<R>,
  options: ViewOptions = {},
): Promise<readonly R[]> {
  return view.rows(await sampleCheckpoint(sample), options);
}
