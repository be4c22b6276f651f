import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Container IDs as engines give them. */
export const CONTAINERD_ID = '3d13'.padEnd(64, '0');
export const CRIO_ID = '499d'.padEnd(64, '1');
const INGEST = 'ab'.repeat(32);
/** As createKey of core/metadata makes them: namespace, number, what the client called it. */
const REF = 'k8s.io/12//tmp/ctrd-checkpoint2718281828';
const OTHER_INGEST = 'cd'.repeat(32);
const BLOB = 'ef'.repeat(32);

/** Sizes of the pieces, bytes; the names say where they lie. */
export const SIZES = { images: 7200, ingest: 3750, state: 5000, userdata: 4000, partial: 900 } as const;

/**
 * Leaves in a host root what real engines leave when they are killed in the middle or the disk is full, as recorded
 * in containerd 2.1.9 and CRI-O 1.37, and beside it what only looks so.
 */
export async function leaveBehind(root: string): Promise<void> {
  const put = async (path: string, content: string | Buffer): Promise<void> => {
    const at = join(root, path);
    await mkdir(dirname(at), { recursive: true, mode: 0o700 });
    await writeFile(at, content);
  };
  const images = 'tmp/ctrd-checkpoint2718281828';
  await put(`${images}/pages-1.img`, 'x'.repeat(SIZES.images - 200));
  await put(`${images}/core-1.img`, 'x'.repeat(200));
  const store = 'var/lib/containerd/io.containerd.content.v1.content';
  await put(`${store}/ingest/${INGEST}/data`, 'x'.repeat(SIZES.ingest - REF.length));
  await put(`${store}/ingest/${INGEST}/ref`, REF);
  // somebody pulls an image
  await put(`${store}/ingest/${OTHER_INGEST}/ref`, 'k8s.io/13/layer-sha256:0123');
  await put(`${store}/ingest/${OTHER_INGEST}/data`, 'layer');
  await put(`${store}/blobs/sha256/${BLOB}`, tarOfImages());
  await put(`${store}/blobs/sha256/${'12'.repeat(32)}`, 'an ordinary layer');
  await put(
    `var/lib/containerd/io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/ctrd-checkpoint/checkpoint/pages-1.img`,
    'x'.repeat(SIZES.state),
  );
  await put(`var/lib/containerd/io.containerd.grpc.v1.cri/containers/${CONTAINERD_ID}/status`, '{}');
  const crio = `var/lib/containers/storage/overlay-containers/${CRIO_ID}/userdata`;
  await put(`${crio}/config.json`, '{"annotations":{"io.kubernetes.cri-o.ContainerID":"499d"}}');
  await put(`${crio}/checkpoint/pages-1.img`, 'x'.repeat(SIZES.userdata));
  const podman = `var/lib/containers/storage/overlay-containers/${'77'.repeat(32)}/userdata`;
  await put(`${podman}/config.json`, '{"annotations":{"io.container.manager":"libpod"}}');
  await put(`${podman}/checkpoint/pages-1.img`, 'kept on purpose');
  await put(
    'var/lib/kubelet/checkpoints/.checkpoint-a_b-c.tar.zst.age.0123456789ab.partial',
    'x'.repeat(SIZES.partial),
  );
}

/** The first header of a tar whose first file is an image of CRIU, and its end. */
function tarOfImages(): Buffer {
  const block = Buffer.alloc(1536);
  block.write('cgroup.img', 0);
  block.write('ustar', 257);
  return block;
}
