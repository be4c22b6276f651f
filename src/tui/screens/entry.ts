import type { ArchiveEntry } from '../../archive/archive.js';
import { nestedName } from '../../archive/nested.js';
import { sniff } from '../../bytes/sniff.js';
import type { ByteSource } from '../../bytes/source.js';
import type { Content, LoadContext, PageSpec, TabSpec } from '../core/state.js';
import { entryTree } from './entry-tree.js';
import { sourceHex } from './hex-source.js';
import { leaf, proseContent } from './items.js';
import { jsonContent } from './json-tree.js';
import { longText } from './long-text.js';
import { readLines, TEXT_MOST, treeJson, WHOLE_MOST, wholeText } from './text.js';
import type { Workspace } from './workspace.js';

/** One entry of the archive, or of an archive in it: as what it is, as text, as hex. */
export function entryPage(workspace: Workspace, subject: string): PageSpec {
  const open = async (): Promise<ByteSource | Content> => {
    const { entry, open: openEntry } = await workspace.entry(subject);
    return withoutContents(entry) ?? openEntry();
  };
  return { screen: 'files', title: subject, tabs: sourceTabs(workspace, subject, open) };
}

/**
 * The tabs of anything that has bytes: as what it is, as text, as hex.
 *
 * @param open - its bytes, or what is to be shown because there are none
 */
export function sourceTabs(
  workspace: Workspace,
  name: string,
  open: () => Promise<ByteSource | Content>,
): TabSpec[] {
  const tab = (
    id: string,
    load: (source: ByteSource, context: LoadContext) => Content | Promise<Content>,
  ): TabSpec => ({
    id,
    title: id,
    load: async (context) => {
      const opened = await open();
      return 'kind' in opened ? opened : load(opened, context);
    },
  });
  return [
    tab('preview', (source, context) => preview(workspace, name, source, context)),
    tab('text', textContent),
    tab('hex', (source, { changed }) => sourceHex(source, name, changed)),
  ];
}

/** What stands for an entry that has no contents. */
function withoutContents(entry: ArchiveEntry): Content | undefined {
  if (entry.type === 'file' || entry.type === 'hardlink') return undefined;
  const target = entry.linkName === undefined ? '' : ` to ${entry.linkName}`;
  return proseContent([leaf([`${entry.type}${target}: no contents`], { tone: 'dim' })]);
}

const HEAD = 4096;

async function preview(
  workspace: Workspace,
  subject: string,
  source: ByteSource,
  context: LoadContext,
): Promise<Content> {
  const head = await source.read(0, Math.min(HEAD, source.size));
  if (head.length === 0) return proseContent([]);
  if (workspace.has(subject) && isArchive(head)) {
    const archive = await workspace.inner(subject);
    return entryTree(await archive.entries(), (name) => nestedName(subject, name), archive, context);
  }
  if (!looksLikeText(head)) return sourceHex(source, subject, context.changed);
  if (/^\s*[[{]/.test(Buffer.from(head).toString('latin1')) && source.size <= TEXT_MOST) {
    const value = treeJson(await wholeText(source, context));
    if (value !== undefined) return jsonContent(value, 'empty');
  }
  return textContent(source, context);
}

/** A tar has its magic in the first header (POSIX, GNU); what is compressed may hold one. */
function isArchive(head: Uint8Array): boolean {
  const format = sniff(head);
  if (format === 'gzip' || format === 'zstd') return true;
  return Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
}

async function textContent(source: ByteSource, context: LoadContext): Promise<Content> {
  if (source.size > WHOLE_MOST) return longText(source, context);
  return proseContent(await readLines(source, context));
}

/** Text has no NUL bytes, and hardly any other control characters. */
function looksLikeText(head: Uint8Array): boolean {
  let odd = 0;
  for (const byte of head) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 0x1b) odd += 1;
  }
  return odd * 20 <= head.length;
}
