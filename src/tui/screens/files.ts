import { nestedName } from '../../archive/nested.js';
import { ROOTFS_DIFF } from '../../views/findings.js';
import type { OutlineContent } from '../core/outline.js';
import type { LoadContext, PageSpec } from '../core/state.js';
import { entryTree } from './entry-tree.js';
import { branch, leaf, proseContent } from './items.js';
import { recoveredContent } from './recovered.js';
import type { Workspace } from './workspace.js';

/** Screen 4: what changed in the container's file system, and what is in the archive. */
export function filesPage(workspace: Workspace): PageSpec {
  return {
    screen: 'files',
    title: 'Files',
    side: true,
    tabs: [
      { id: 'rootfs', title: 'changed files', load: (context) => rootfsContent(workspace, context) },
      { id: 'recovered', title: 'recovered', load: () => recoveredContent(workspace) },
      {
        id: 'entries',
        title: 'archive entries',
        load: (context) => entryTree(workspace.entries, (name) => name, workspace.archive, context),
      },
    ],
  };
}

/** The changed part of the root file system, and the names of what was deleted from the image. */
async function rootfsContent(workspace: Workspace, context: LoadContext): Promise<OutlineContent> {
  const { deletedFiles } = await workspace.checkpoint.container();
  const deleted = deletedFiles.map((path) => leaf([path], { tone: 'warn', mark: '-', copy: path }));
  const extra = deleted.length === 0 ? [] : [branch([`deleted from the image (${deleted.length})`], deleted)];
  const entry = await workspace.archive.find(ROOTFS_DIFF);
  if (entry === undefined || entry.size === 0) {
    if (extra.length === 0) return proseContent([], { empty: 'this archive has no changed files' });
    return {
      kind: 'outline',
      columns: [{ header: 'NAME' }],
      root: branch([], extra),
      open: [[0]],
      empty: '',
    };
  }
  const inner = await workspace.inner(ROOTFS_DIFF);
  const subject = (name: string): string => nestedName(ROOTFS_DIFF, name);
  return entryTree(await inner.entries(), subject, inner, context, { extra });
}
