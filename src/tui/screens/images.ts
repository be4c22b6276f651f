import type { ArchiveEntry } from '../../archive/archive.js';
import { FormatError } from '../../base/errors.js';
import { formatSize } from '../../base/units.js';
import { openDecodable } from '../../criu/decode.js';
import type { ImageRecord } from '../../criu/image.js';
import { rawContents } from '../../criu/raw.js';
import { listImages } from '../../criu/read.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { LoadContext, PageSpec } from '../core/state.js';
import { breathe } from '../core/walk.js';
import { sourceHex } from './hex-source.js';
import { leaf, listContent, sourceExtract } from './items.js';
import { jsonContent } from './json-tree.js';
import { RecordTree } from './record-tree.js';
import type { Workspace } from './workspace.js';

/** Entries of one image that are held; what is beyond is counted out loud. */
const RECORDS_MOST = 1_000_000;

/** Screen 7: every CRIU image. */
export function imagesPage(workspace: Workspace): PageSpec {
  return {
    screen: 'images',
    title: 'CRIU images',
    side: true,
    tabs: [{ id: 'images', title: 'images', load: () => imageList(workspace) }],
  };
}

/** One image, decoded, and as it is. */
export function imagePage(workspace: Workspace, name: string): PageSpec {
  return {
    screen: 'images',
    title: name,
    tabs: [
      { id: 'decoded', title: 'decoded', load: (context) => decodedImage(workspace, name, context) },
      {
        id: 'hex',
        title: 'hex',
        load: async ({ changed }) => {
          const entry = await imageEntry(workspace, name);
          return sourceHex(workspace.archive.open(entry), name, changed);
        },
      },
    ],
  };
}

async function imageList(workspace: Workspace): Promise<OutlineContent> {
  const images = await listImages(workspace.archive);
  const items = [...images]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, entry]) =>
      leaf([name, formatSize(entry.size)], {
        id: name,
        place:
          rawContents(name) === undefined
            ? { page: 'image', subject: name }
            : { page: 'entry', subject: entry.name },
        extract: sourceExtract(name, entry.size, () => workspace.archive.open(entry)),
      }),
    );
  const columns = [
    { header: 'IMAGE', squeeze: 1 },
    { header: 'SIZE', align: 'right' as const },
  ];
  return listContent(columns, items, 'no images in this archive');
}

async function imageEntry(workspace: Workspace, name: string): Promise<ArchiveEntry> {
  const entry = (await listImages(workspace.archive)).get(name);
  if (entry !== undefined) return entry;
  throw new FormatError(name, undefined, 'there is no such image in this archive');
}

/** An image as a tree. One that stops making sense is shown up to there, and then what is wrong. */
async function decodedImage(
  workspace: Workspace,
  name: string,
  context: LoadContext,
): Promise<OutlineContent> {
  const entry = await imageEntry(workspace, name);
  const source = workspace.archive.open(entry);
  const image = await openDecodable(name, source);
  if ('raw' in image) return jsonContent(image.raw, 'empty');
  const records: ImageRecord[] = [];
  let note: string | undefined;
  let problem: Item | undefined;
  try {
    for await (const record of image.records()) {
      if (records.length === RECORDS_MOST) {
        note = `the first ${RECORDS_MOST} entries; coldcase decode has all`;
        break;
      }
      records.push(record);
      if ((records.length & 1023) !== 0) continue;
      context.signal.throwIfAborted();
      context.progress(record.offset, source.size);
      await breathe();
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    problem = leaf([`! ${error.message}`], { tone: 'bad' });
  }
  const tree = new RecordTree(name);
  const count = records.length + (problem === undefined ? 0 : 1);
  const child = (index: number): Item => {
    const record = records[index];
    return record === undefined ? (problem ?? leaf([''])) : tree.item(index, record);
  };
  return {
    kind: 'outline',
    columns: [{ header: '' }],
    root: { cells: [], count, child },
    open: records.length === 1 ? [[0]] : [],
    empty: 'an image without entries',
    note,
  };
}
