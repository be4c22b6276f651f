import { mountsView } from '../views/mounts.js';
import { viewCommand } from './view-command.js';

export const mountsCommand = viewCommand(mountsView, [
  'coldcase mounts checkpoint.tar --format tree',
  "coldcase mounts checkpoint.tar --filter 'hostPath~.'",
]);
