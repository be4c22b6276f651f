import { NotFoundError } from '../../base/errors.js';
import type { Recovered } from '../../recover/recovered.js';
import { type RecoveredRow, recoveredRow, recoverQuestion } from '../../views/recover.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { Place } from '../core/place.js';
import type { PageSpec } from '../core/state.js';
import type { Extract } from '../core/work.js';
import { sourceTabs } from './entry.js';
import { sourceExtract, tableContent } from './items.js';
import type { Workspace } from './workspace.js';

/** Where something recovered is shown, and what `e` writes of it. */
export interface Held {
  readonly place: Place;
  readonly extract: Extract;
}

/** Hashes are made by `recover`, of all contents, and nothing is written here: no columns for these. */
const FACTS = recoverQuestion.columns.filter(({ key }) => key !== 'sha256' && key !== 'path');
const COLUMNS = recoverQuestion.columns.filter(({ key }) =>
  ['kind', 'name', 'size', 'holders'].includes(key),
);

/** What exists in no file system any more, as `recover` lists it: deleted files, memory files, unread data, tmpfs. */
export async function recoveredContent(workspace: Workspace): Promise<OutlineContent> {
  const { objects, problems } = await workspace.recovered();
  const rows = objects.map((object) => recoveredRow(object, undefined, undefined));
  const byRow = new Map(rows.map((row, index) => [row, index]));
  const describe = (row: RecoveredRow): Partial<Item> => {
    const index = byRow.get(row) ?? -1;
    const object = objects[index];
    if (object === undefined) return {};
    const bad = row.kind === 'deleted-executable';
    return {
      ...heldObject(object, index),
      id: subjectOf(object, index),
      ...(bad ? { tone: 'bad', mark: '!' } : {}),
    };
  };
  const note = problems.length === 0 ? {} : { note: `! ${problems.join('; ')}` };
  return tableContent(COLUMNS, rows, 'nothing to recover', FACTS, describe, note);
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
