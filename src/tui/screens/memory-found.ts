import { formatAddress, formatSize } from '../../base/units.js';
import type { Mapping } from '../../checkpoint/mappings.js';
import { compilePattern } from '../../memory/pattern.js';
import { searchMemory } from '../../memory/search.js';
import type { SearchTarget } from '../../memory/search-task.js';
import { findStrings } from '../../memory/strings.js';
import { patternRequest } from '../core/byte-pattern.js';
import type { OutlineColumn } from '../core/outline.js';
import type { Content, LoadContext } from '../core/state.js';
import { GrowingRows, takeAll } from './growing-rows.js';
import { leaf } from './items.js';
import type { Workspace } from './workspace.js';

const STRING_MIN = 6;
/** Of a long match or string this much is kept for the list; hex has all of it. */
const TEXT_KEPT = 512;

const FOUND_COLUMNS: readonly OutlineColumn[] = [
  { header: 'PID', align: 'right' },
  { header: 'COMM', squeeze: 1 },
  { header: 'ADDRESS', align: 'right' },
  { header: 'MAPPING', squeeze: 2 },
  { header: 'MATCH', squeeze: 3 },
];
const CONTEXT = 24;

/** What a search of the memory of all processes finds, as it finds it. */
export async function foundContent(
  workspace: Workspace,
  text: string,
  context: LoadContext,
): Promise<Content> {
  const { checkpoint } = workspace;
  const pattern = compilePattern(patternRequest(text));
  const memory = await checkpoint.memory();
  const processes = (await checkpoint.processes()).filter(({ state }) => state !== 'zombie');
  const targets: SearchTarget[] = [];
  const names = new Map<number, string>();
  const labels = new Map<number, readonly Mapping[]>();
  for (const process of processes) {
    targets.push({ pid: process.pid, space: (await memory.process(process.pid)).space });
    names.set(process.pid, process.comm);
    labels.set(process.pid, await checkpoint.mappings(process));
  }
  const rows = new GrowingRows(FOUND_COLUMNS, 'nothing found');
  context.goOn(async (update) => {
    let [done, total] = [0, 0];
    let stopped = 0;
    const found = searchMemory(workspace.archive, {
      targets,
      pattern,
      context: CONTEXT,
      signal: context.signal,
      onProgress: (now, all) => {
        [done, total] = [now, all];
        if (rows.due()) update(rows.content(progressText(rows.count, done, total)));
      },
      onStopped: () => {
        stopped += 1;
      },
    });
    const outcome = await takeAll(found, context.signal, ({ pid, address, before, bytes, after }) => {
      const vma = labels.get(pid)?.find(({ start, end }) => start <= address && address < end);
      const at = formatAddress(address);
      return rows.add(
        leaf(
          [
            String(pid),
            names.get(pid) ?? '',
            at,
            vma?.path ?? `[${vma?.kind ?? ''}]`,
            around(before, bytes, after),
          ],
          {
            id: `${pid}:${at}`,
            place: { page: 'hex', subject: String(pid), at },
          },
        ),
      );
    });
    const late = stopped > 0 ? `; given up in ${stopped} places where the expression took too long` : '';
    update(rows.content(`${rows.count} found${endText(outcome, done, total)}${late}`));
  });
  return rows.content('searching');
}

/** The printable strings in the memory of a process, as they are found. */
export async function stringContent(
  workspace: Workspace,
  pid: number,
  context: LoadContext,
): Promise<Content> {
  const { space } = await (await workspace.checkpoint.memory()).process(pid);
  const columns: readonly OutlineColumn[] = [
    { header: 'ADDRESS', align: 'right' },
    { header: 'STRING', squeeze: 1 },
  ];
  const rows = new GrowingRows(columns, 'no strings');
  context.goOn(async (update) => {
    const found = each(findStrings(space, { encoding: 'ascii', min: STRING_MIN, signal: context.signal }));
    const outcome = await takeAll(found, context.signal, ({ address, text }) => {
      const at = formatAddress(address);
      const more = rows.add(
        leaf([at, text.slice(0, TEXT_KEPT)], {
          id: at,
          place: { page: 'hex', subject: String(pid), tab: 'hex', at },
        }),
      );
      if (rows.due()) update(rows.content(`${rows.count} strings so far, at ${at}; Esc stops`));
      return more;
    });
    const end = { done: '', full: ', and more: stopped at the limit', stopped: ', stopped' }[outcome];
    update(rows.content(`${rows.count} strings of ${STRING_MIN} characters or more${end}`));
  });
  return rows.content('reading');
}

function progressText(count: number, done: number, total: number): string {
  return `${count} found so far, ${formatSize(done)} of ${formatSize(total)} searched; Esc stops`;
}

function endText(outcome: 'done' | 'full' | 'stopped', done: number, total: number): string {
  if (outcome === 'done') return ` in ${formatSize(total)}`;
  if (outcome === 'full') return ', and more: stopped at the limit';
  return `, stopped after ${formatSize(done)} of ${formatSize(total)}`;
}

/** A match with what is around it, one character a byte, what does not print as dots. */
function around(before: Uint8Array, bytes: Uint8Array, after: Uint8Array): string {
  const text = Buffer.concat([before, bytes.subarray(0, TEXT_KEPT), after]).toString('latin1');
  return text.replaceAll(/[^\x20-\x7e]/g, '.');
}

async function* each<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const batch of batches) yield* batch;
}
