import { buildImage, encode } from './criu-image.js';
import { type ArchiveFiles, sampleFiles } from './memory-archive.js';
import { rawHeader } from './raw-tar.js';

/** Of podman-incident: the processes to be multiplied, with the ids of their open files. */
const MODELS = [
  { pid: 1, files: 2 },
  { pid: 3, files: 3 },
  { pid: 4, files: 4 },
] as const;

/**
 * podman-incident with as many processes as wanted: its three over and over, each with images of its own but for the
 * pages. All are children of the first one.
 */
export async function manyProcesses(count: number): Promise<Map<string, Uint8Array>> {
  const files = await sampleFiles('podman-incident');
  const tree = [1, 3, 4].map((pid) => ({ pid, ppid: pid === 1 ? 0 : 1 }));
  for (let i = tree.length; i < count; i += 1) {
    const pid = 100 + i;
    const model = MODELS[i % MODELS.length] ?? MODELS[0];
    tree.push({ pid, ppid: 1 });
    for (const kind of ['core', 'mm', 'pagemap', 'fs']) {
      files.set(`checkpoint/${kind}-${pid}.img`, image(files, `${kind}-${model.pid}`));
    }
    files.set(`checkpoint/fdinfo-${pid}.img`, image(files, `fdinfo-${model.files}`));
    const ids = { 1: pid, 2: pid, 3: pid, 4: pid };
    files.set(`checkpoint/ids-${pid}.img`, buildImage('IDS', { message: encode(ids) }));
  }
  const entries = tree.map(({ pid, ppid }) => ({
    message: encode({ 1: pid, 2: ppid, 3: pid, 4: 1, 5: [pid] }),
  }));
  return files.set('checkpoint/pstree.img', buildImage('PSTREE', ...entries));
}

function image(files: ArchiveFiles, name: string): Uint8Array {
  const bytes = files.get(`checkpoint/${name}.img`);
  if (bytes === undefined) throw new Error(`podman-incident has no ${name}`);
  return bytes;
}

/** Files as a plain tar, piece by piece. */
export function* tarOf(files: ArchiveFiles): Generator<Buffer> {
  for (const [name, bytes] of files) {
    yield rawHeader({ name, size: bytes.length });
    yield Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  }
  yield Buffer.alloc(1024);
}
