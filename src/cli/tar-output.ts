import { writeAside } from '../base/write-aside.js';
import { toStandardOutput } from './standard-output.js';
import { writeOut } from './write-out.js';

/** Where a tar goes. */
export interface TarOptions {
  /** The file, which has its name only when it is complete, 0600; or `-` for standard output. */
  readonly tar: string;
  readonly force?: true;
}

/** Writes a tar that comes piece by piece. @throws as `writeAside` and `toStandardOutput` */
export async function writeTarPieces(
  pieces: AsyncIterable<Uint8Array>,
  { tar, force }: TarOptions,
): Promise<void> {
  if (tar === '-') {
    await toStandardOutput(async () => {
      for await (const piece of pieces) await writeOut(piece);
    }, 'a tar');
    return;
  }
  await writeAside(tar, { force }, async ({ output }) => {
    for await (const piece of pieces) await output.append(piece);
  });
}
