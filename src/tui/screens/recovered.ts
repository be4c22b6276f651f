import { NotFoundError } from '../../base/errors.js';
import { formatSize } from '../../base/units.js';
import type { Holder, Recovered } from '../../recover/recovered.js';
import type { Extract, Item, OutlineContent } from '../core/outline.js';
import type { Place } from '../core/place.js';
import type { PageSpec } from '../core/state.js';
import { sourceTabs } from './entry.js';
import { leaf, listContent, sourceExtract, timeText } from './items.js';
import type { Workspace } from './workspace.js';

/** Where something recovered is shown, and what `e` writes of it. */
export interface Held {
  readonly place: Place;
  readonly extract: Extract;
}

/** What exists in no file system any more: deleted files, memory files, unread data, tmpfs. */
export async function recoveredContent(workspace: Workspace): Promise<OutlineContent> {
  const { objects, problems } = await workspace.recovered();
  const items = objects.map((object, index): Item => {
    const { kind, name, size, holders, mtime } = object;
    const time = mtime === undefined ? '' : timeText(mtime);
    return {
      ...leaf([kind, name, formatSize(size), holders.map(holderText).join(' '), time]),
      ...heldObject(object, index),
      id: subjectOf(object, index),
      tone: kind === 'deleted-executable' ? 'bad' : undefined,
      mark: kind === 'deleted-executable' ? '!' : undefined,
    };
  });
  const columns = [
    { header: 'KIND' },
    { header: 'NAME', squeeze: 1 },
    { header: 'SIZE', align: 'right' as const },
    { header: 'HELD BY', squeeze: 2 },
    { header: 'MODIFIED', squeeze: 3, least: 20 },
  ];
  const note = problems.length === 0 ? {} : { note: `! ${problems.join('; ')}` };
  return listContent(columns, items, 'nothing to recover', note);
}

/** One recovered object, by its place in the list. */
export function objectPage(workspace: Workspace, subject: string): PageSpec {
  const open = async (): Promise<ReturnType<Recovered['open']>> => {
    const { objects } = await workspace.recovered();
    const object = objects[Number(subject.split(':', 1)[0])];
    if (object === undefined) throw new NotFoundError(`there is no recovered object ${subject}`);
    return object.open();
  };
  const name = subject.slice(subject.indexOf(':') + 1);
  return { screen: 'files', title: `Recovered: ${name}`, tabs: sourceTabs(workspace, name, open) };
}

/** What a process alone keeps alive, by the descriptor (or `exe`) that it holds it with. */
export async function objectsOf(workspace: Workspace, pid: number): Promise<ReadonlyMap<string, Held>> {
  const { objects } = await workspace.recovered();
  const held = new Map<string, Held>();
  objects.forEach((object, index) => {
    for (const holder of object.holders) {
      if (holder.pid === pid && !held.has(String(holder.by))) {
        held.set(String(holder.by), heldObject(object, index));
      }
    }
  });
  return held;
}

function heldObject(object: Recovered, index: number): Held {
  return {
    place: { page: 'object', subject: subjectOf(object, index) },
    extract: sourceExtract(object.name, object.size, () => object.open()),
  };
}

function subjectOf({ name }: Recovered, index: number): string {
  return `${index}:${name}`;
}

function holderText({ pid, by }: Holder): string {
  return `${pid}/${by}`;
}
