import type { Item, OutlineContent } from '../core/outline.js';
import type { PageSpec } from '../core/state.js';
import {
  manifestStanding,
  runningText,
  type Standing,
  type Verification,
  type VerifiedCheck,
  verifiedStanding,
} from '../core/verification.js';
import { branch, leaf, title } from './items.js';
import type { Workspace } from './workspace.js';

const COLUMNS = [{ header: '' }, { header: '' }, { header: '', squeeze: 1 }];

/** Whether the archive is what was sealed: what opening found, and each check of the whole. */
export function verificationPage(workspace: Workspace): PageSpec {
  return {
    screen: 'overview',
    title: 'Verification: V runs it, Esc stops it',
    tabs: [
      {
        id: 'checks',
        title: 'checks',
        load: async () => liveContent(workspace, COLUMNS, (verification) => pageItems(verification)),
      },
    ],
  };
}

/** Rows that say at any time how the verification stands. */
export function liveContent(
  workspace: Workspace,
  columns: OutlineContent['columns'],
  items: (verification: Verification | undefined) => readonly Item[],
  more: Partial<OutlineContent> = {},
): OutlineContent {
  let last: { readonly of: Verification | undefined; readonly root: Item } | undefined;
  return {
    kind: 'outline',
    columns,
    empty: '',
    ...more,
    get root() {
      const now = workspace.verification();
      if (last === undefined || last.of !== now) last = { of: now, root: branch([], items(now)) };
      return last.root;
    },
  };
}

/** The verification's rows of the overview. There are as many of them whatever the state. */
export function verificationRows(
  verification: Verification | undefined,
  tarSha256: string | undefined,
): Item[] {
  if (verification === undefined) return [];
  const place = { page: 'verification' } as const;
  const row = (name: string, { text, tone, mark }: Standing): Item => ({
    ...leaf([name, text], { place, mark, copy: text }),
    tone: mark === '!' ? tone : undefined,
    tones: [undefined, tone],
  });
  const { result, can } = verification;
  const hash = (name: string, sha256: string | undefined): Item =>
    leaf([name, sha256 ?? 'not computed yet'], sha256 === undefined ? { tone: 'dim' } : { copy: sha256 });
  return [
    row('manifest', manifestStanding(verification)),
    row('verification', verifiedStanding(verification)),
    ...(can === 'none' ? [] : [hash('file SHA-256', result?.fileSha256)]),
    ...(tarSha256 === undefined ? [] : [hash('tar SHA-256', tarSha256)]),
  ];
}

function pageItems(verification: Verification | undefined): Item[] {
  if (verification === undefined) return [];
  const { opening = [], running, result } = verification;
  const { text, tone, mark } = verifiedStanding(verification);
  const hashes = [
    ['file SHA-256', result?.fileSha256],
    ['tar SHA-256', result?.tarSha256],
  ].flatMap(([name, sha256]) =>
    name === undefined || sha256 === undefined ? [] : [leaf(['', name, sha256], { copy: sha256 })],
  );
  return [
    leaf([running === undefined ? text : runningText(running)], { tone, mark }),
    ...(result === undefined ? [] : [title('Every check'), ...result.checks.map(checkItem), ...hashes]),
    title('On opening, against the manifest'),
    ...opening.map(checkItem),
  ];
}

function checkItem({ check, verdict, detail }: VerifiedCheck): Item {
  const looks = {
    ok: { tones: ['good', undefined, undefined] },
    failed: { tone: 'bad', mark: '!' },
    'not checked': { tone: 'dim', mark: '?' },
  } as const;
  return leaf([verdict, check, detail], { ...looks[verdict], copy: `${verdict}: ${check}: ${detail}` });
}
