import type { Place } from '../core/place.js';
import type { PageSpec } from '../core/state.js';
import { entryPage } from './entry.js';
import { filesPage } from './files.js';
import { imagePage, imagesPage } from './images.js';
import { logsPage } from './logs.js';
import { foundPage, hexPage, memoryPage } from './memory.js';
import { mountsPage } from './mounts.js';
import { networkPage } from './network.js';
import { overviewPage } from './overview.js';
import { processPage } from './process.js';
import { processesPage } from './processes.js';
import { objectPage } from './recovered.js';
import { verificationPage } from './verification.js';
import type { Workspace } from './workspace.js';

/** What a place is: which screen it belongs to, its tabs, and how each is read once somebody looks at it. */
export function pageOf(workspace: Workspace, place: Place): PageSpec {
  const subject = place.subject ?? '';
  switch (place.page) {
    case 'overview':
      return overviewPage(workspace);
    case 'verification':
      return verificationPage(workspace);
    case 'processes':
      return processesPage(workspace);
    case 'process':
      return processPage(workspace, subject);
    case 'memory':
      return memoryPage(workspace);
    case 'hex':
      return hexPage(workspace, subject);
    case 'found':
      return foundPage(workspace, subject);
    case 'files':
      return filesPage(workspace);
    case 'entry':
      return entryPage(workspace, subject);
    case 'object':
      return objectPage(workspace, subject);
    case 'network':
      return networkPage(workspace);
    case 'mounts':
      return mountsPage(workspace);
    case 'images':
      return imagesPage(workspace);
    case 'image':
      return imagePage(workspace, subject);
    case 'logs':
      return logsPage(workspace);
  }
}
