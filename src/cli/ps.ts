import { psView } from '../views/ps.js';
import { viewCommand } from './view-command.js';

export const psCommand = viewCommand(psView, [
  'coldcase ps evidence.tar.zst.age -i key.txt',
  'coldcase ps checkpoint.tar --format tree',
  'coldcase ps checkpoint.tar --filter exeDeleted=true --json',
]);
