import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const TAIL = 1 << 20;

/** The path of CRIU's log as an error of containerd and runc names it: `... path= /run/.../criu-dump.log)`. */
export function criuLogPath(message: string): string | undefined {
  const [, path] = /(?:path=|log file:) ?(\/[^\s"')]{1,4000})/.exec(message) ?? [];
  if (path === undefined || !/\/(criu-)?dump\.log$/.test(path)) return undefined;
  return path.split('/').includes('..') ? undefined : path;
}

/**
 * The end (1 MiB at most) of CRIU's log on this node. The path came from an answer, so it is opened as a stranger's:
 * a regular file, not through a link, never waiting.
 *
 * @returns undefined when there is no such file, or it may not be read, or is something else than a regular file:
 * the log is only ever a help in explaining another failure
 */
export async function readCriuLog(path: string): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(stat.size, TAIL));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, stat.size - TAIL));
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined; // as where it cannot be opened: it only says more about a failure
  } finally {
    await file.close();
  }
}
