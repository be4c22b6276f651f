import { filesView } from '../views/files.js';
import { viewCommand } from './view-command.js';

export const filesCommand = viewCommand(filesView, [
  'coldcase files checkpoint.tar --filter deleted=true',
  'coldcase files checkpoint.tar -p 1 --filter type=PIPE --wide',
]);
