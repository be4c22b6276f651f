import type { ArchiveEntry } from '../../archive/archive.js';
import { sniff } from '../../bytes/sniff.js';
import type { ByteSource } from '../../bytes/source.js';
import type { Content, LoadContext, PageSpec } from '../core/state.js';
import { entryTree } from './entry-tree.js';
import { sourceHex } from './hex-source.js';
import { leaf, proseContent } from './items.js';
import { jsonContent } from './json-tree.js';
import { parseJson, readLines, readText, TEXT_MOST } from './text.js';
import { innerName, type Workspace } from './workspace.js';

/** One entry of the archive, or of an archive in it: as what it is, as text, as hex. */
export function entryPage(workspace: Workspace, subject: string): PageSpec {
  return {
    screen: 'files',
    title: subject,
    tabs: [
      {
        id: 'preview',
        title: 'preview',
        load: async (context) => {
          const { entry, open } = await workspace.entry(subject);
          const nothing = withoutContents(entry);
          if (nothing !== undefined) return nothing;
          return preview(workspace, subject, open(), context);
        },
      },
      {
        id: 'text',
        title: 'text',
        load: async (context) => {
          const { entry, open } = await workspace.entry(subject);
          return withoutContents(entry) ?? textContent(open(), context);
        },
      },
      {
        id: 'hex',
        title: 'hex',
        load: async (context) => {
          const { entry, open } = await workspace.entry(subject);
          return withoutContents(entry) ?? sourceHex(open(), subject, context.changed);
        },
      },
    ],
  };
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
  if (!subject.includes('//') && (await isArchive(head))) {
    const archive = await workspace.inner(subject);
    return entryTree(await archive.entries(), (name) => innerName(subject, name), archive, context);
  }
  if (!looksLikeText(head)) return sourceHex(source, subject, context.changed);
  if (/^\s*[[{]/.test(Buffer.from(head).toString('latin1')) && source.size <= TEXT_MOST) {
    const { text } = await readText(source, context);
    const value = parseJson(text);
    if (value !== undefined) return jsonContent(value, 'empty');
  }
  return textContent(source, context);
}

/** A tar has its magic in the first header (POSIX, GNU); what is compressed may hold one. */
async function isArchive(head: Uint8Array): Promise<boolean> {
  const format = sniff(head);
  if (format === 'gzip' || format === 'zstd') return true;
  return Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
}

async function textContent(source: ByteSource, context: LoadContext): Promise<Content> {
  const { lines, cut } = await readLines(source, context);
  return proseContent(lines, cut === undefined ? {} : { note: cut });
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
