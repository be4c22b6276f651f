import { isDeepStrictEqual } from 'node:util';
import type { Archive } from '../archive/archive.js';
import { shownUrl } from '../base/shown-url.js';
import { readHeader } from '../bytes/age-unlock.js';
import { openFile } from '../bytes/file.js';
import type { FileFacts, Manifest } from '../seal/manifest.js';
import { manifestPath } from '../seal/manifest.js';
import { readManifest } from '../seal/read-manifest.js';
import type { SealCheck } from '../seal/verify.js';
import type { Verifier } from '../tui/core/verification.js';
import { verifyInThread } from './verify-thread.js';

type Sealed = NonNullable<Archive['storage']['sealed']>;

/** What the screens verify an open archive with: `verify` for what coldcase sealed, a SHA-256 for other files. */
export function verifierOf(archive: Archive, location: string): Verifier {
  const { storage, access } = archive;
  const size = storage.storedSize ?? 0;
  if (/^https?:\/\//i.test(location)) {
    const why = 'read from afar: fetch a copy, and verify that';
    return { can: 'none', why, size, atOpening: async () => [], all: () => Promise.reject(new Error(why)) };
  }
  const fileKey = access?.fileKey;
  if (storage.sealed !== undefined && fileKey !== undefined) {
    const { sealed } = storage;
    return {
      can: 'sealed',
      size,
      atOpening: () => compareSealed(archive, sealed, location),
      all: (run) => verifyInThread({ path: location, fileKey }, run),
    };
  }
  return {
    can: 'hash',
    size,
    atOpening: async () => (await findManifest(location, size)).checks,
    all: async (run) => {
      const { manifestOf } = await findManifest(location, size);
      return verifyInThread({ path: location, fileKey: undefined, manifestOf }, run);
    },
  };
}

/** The manifest against what opening a sealed file has read: sizes, the hash in its index, how many it is for. */
async function compareSealed(archive: Archive, sealed: Sealed, path: string): Promise<SealCheck[]> {
  const { manifest, check } = await readManifest(path);
  if (manifest === undefined) return [check];
  const { storedSize = 0, tarSize } = archive.storage;
  return [
    check,
    compare('size', `${storedSize} bytes`, `${manifest.sealed.size} bytes`),
    compare('tar size', `${tarSize} bytes`, `${manifest.tar.size} bytes`),
    compare('tar SHA-256', sealed.tarSha256, manifest.tar.sha256),
    compare('recipients', await recipientsIn(path), recipientsBy(manifest)),
    compareCapture(sealed, manifest),
  ];
}

function compare(check: string, found: string, wanted: string): SealCheck {
  if (found === wanted) return { check, verdict: 'ok', detail: found };
  return { check, verdict: 'failed', detail: `${found}, but ${wanted} by the manifest` };
}

function compareCapture({ capture }: Sealed, manifest: Manifest): SealCheck {
  const check = 'capture record';
  if (!isDeepStrictEqual(manifest.capture, capture)) {
    return { check, verdict: 'failed', detail: 'the one in the manifest is not the one that was sealed' };
  }
  return { check, verdict: 'ok', detail: capture === null ? 'none in either' : 'the same in both' };
}

/** An age header does not name its recipients, but has a stanza for each. */
async function recipientsIn(path: string): Promise<string> {
  const source = openFile(path);
  try {
    const { stanzaTypes } = (await readHeader(source)).header;
    return stanzaTypes.includes('scrypt') ? 'a passphrase' : String(stanzaTypes.length);
  } finally {
    await source.close();
  }
}

function recipientsBy({ recipients }: Manifest): string {
  return recipients === 'passphrase' ? 'a passphrase' : String(recipients.length);
}

/** Names of a sealed file beside the archive that it would have been sealed into or unsealed from. */
const SEALED_AS = ['', '.age', '.zst.age'];

interface FoundManifest {
  readonly checks: SealCheck[];
  readonly manifestOf?: { readonly path: string; readonly files: readonly FileFacts[] };
}

/** For a file that is not sealed: the manifest of the sealed one beside it, if it knows a file of that size. */
async function findManifest(location: string, size: number): Promise<FoundManifest> {
  for (const ending of SEALED_AS) {
    const path = shownUrl(manifestPath(location + ending));
    const { manifest, check } = await readManifest(location + ending);
    if (manifest === undefined && check.verdict === 'not checked') continue;
    if (manifest === undefined) return { checks: [check] };
    const files = [manifest.tar, manifest.input, manifest.sealed];
    const same = files.find((file) => file.size === size);
    const outcome: SealCheck =
      same === undefined
        ? { check: 'size', verdict: 'failed', detail: `${size} bytes, as no file that ${path} names` }
        : { check: 'size', verdict: 'ok', detail: `${size} bytes, as ${same.name} in ${path}` };
    return { checks: [check, outcome], manifestOf: { path, files } };
  }
  return { checks: [{ check: 'manifest', verdict: 'not checked', detail: 'none beside it' }] };
}
