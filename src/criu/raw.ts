import { basename } from 'node:path/posix';
import type { ByteSource } from '../bytes/source.js';
import type { ImageIdentity } from './image.js';
import type { CritObject } from './json-text.js';

/** Files of a dump that are no sequence of messages (RAW_IMAGE_MAGIC of criu/include/magic.h), by their names. */
const RAW_CONTENTS: readonly (readonly [pattern: RegExp, contents: string])[] = [
  [/^pages-/, 'memory pages'],
  [/^tmpfs-(dev-)?\d+\.tar\.gz\.img$/, 'gzip-compressed tar of a tmpfs'],
  [/^ifaddr-/, 'addresses, as `ip address save` writes them'],
  [/^route6?-/, 'routes, as `ip route save` writes them'],
  [/^rule-/, 'routing rules, as `ip rule save` writes them'],
  [/^ip6?tables-/, 'text of `iptables-save`'],
  [/^nftables-/, 'text of `nft list ruleset`'],
  [/^amdgpu-pages-/, 'memory of AMD GPUs'],
  [/^amdgpu-/, 'state of AMD GPUs, as the plugin of CRIU writes it'],
  [/^netns-(ct|exp)-/, 'netlink messages of connection tracking'],
];

/** What a file of a dump is that is known to be no image; undefined when it should be one. */
export function rawContents(name: string): string | undefined {
  return RAW_CONTENTS.find(([pattern]) => pattern.test(basename(name)))?.[1];
}

/** What there is to say about a file that is no image of a known kind. Its size is in bytes. */
export function describeRaw(name: string, source: ByteSource, identity: ImageIdentity): CritObject {
  const { magic } = identity;
  const contents = rawContents(name);
  if (contents !== undefined) return { magic: null, raw: { contents, size: source.size } };
  const word = magic === undefined ? null : `0x${magic.toString(16).padStart(8, '0')}`;
  return { magic: word, raw: { contents: 'unknown', size: source.size } };
}
