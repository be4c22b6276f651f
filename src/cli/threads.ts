import { threadsView } from '../views/threads.js';
import { viewCommand } from './view-command.js';

export const threadsCommand = viewCommand(threadsView, [
  'coldcase threads checkpoint.tar -p 1',
  'coldcase threads checkpoint.tar --filter seccomp=disabled',
]);
