import type { HostRoot } from '../host/root.js';

const MAX_STATUS = 32 << 20;

/**
 * Versions of installed Debian packages by name, from dpkg's status file; undefined on systems without one. It is
 * what tells a version on a root whose programs must not be run.
 */
export async function installedPackages(host: HostRoot): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await host.readText('/var/lib/dpkg/status', MAX_STATUS);
  if (!text.ok) return undefined;
  const versions = new Map<string, string>();
  for (const block of text.value.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(block)?.[1];
    const version = /^Version: (.+)$/m.exec(block)?.[1];
    if (name !== undefined && version !== undefined && /^Status: .* installed$/m.test(block)) {
      versions.set(name, version.replace(/^\d+:/, ''));
    }
  }
  return versions;
}
