import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NodeApi } from '../../src/node/api.js';
import { HostRoot } from '../../src/node/host/root.js';
import { nodeRecord } from '../../src/node/record.js';
import { emptyHost } from '../support/hosts.js';
import { kubeletAnswering } from '../support/node-api.js';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/** A kubelet whose /configz has another header than the files. */
function kubelet(secret: string): NodeApi & { kubeletVersion(): Promise<string | undefined> } {
  const body = JSON.stringify({ kubeletconfig: { staticPodURLHeader: { Authorization: [secret] } } });
  return kubeletAnswering((path) =>
    path === '/configz' ? { status: 200, body } : { status: 404, body: '' },
  );
}

test('no credential of a static pod URL is in a record: not of the file, the flags, or the running kubelet', async () => {
  const root = await emptyHost();
  await mkdir(join(root, 'etc/systemd/system'), { recursive: true });
  await writeFile(
    join(root, 'etc/systemd/system/kubelet.service'),
    '[Service]\nExecStart=/usr/bin/kubelet --config=/etc/k.yaml --manifest-url-header=X:flag-secret\n',
  );
  await writeFile(join(root, 'etc/k.yaml'), `${HEAD}staticPodURLHeader: {Authorization: [file-secret]}\n`);
  const record = JSON.stringify(
    await nodeRecord(await HostRoot.open(root), {
      api: kubelet('running-secret'),
      noApi: undefined,
      forRecord: true,
    }),
  );
  expect(record).toContain('/staticPodURLHeader');
  expect(record).toContain('<masked>');
  expect(record).not.toMatch(/(flag|file|running)-secret/);
});
