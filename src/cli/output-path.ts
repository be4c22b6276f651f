import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../base/files.js';

/**
 * Where `-o` says a result goes: into it, when it is a directory or ends in `/` (made if missing, mode 0700),
 * else it is the file.
 *
 * @param name - the file's name within a directory
 */
export async function resolveOutputPath(output: string, name: string): Promise<string> {
  if (output.endsWith('/')) {
    await mkdir(output, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw fileError(cause, output, 'make directory');
    });
    return join(output, name);
  }
  const there = await stat(output).catch(() => undefined);
  return there?.isDirectory() === true ? join(output, name) : output;
}
