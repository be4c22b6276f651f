import { signalsView } from '../views/signals.js';
import { viewCommand } from './view-command.js';

export const signalsCommand = viewCommand(signalsView, [
  'coldcase signals evidence.tar.zst.age -i key.txt --pid 1',
  'coldcase signals checkpoint.tar --filter action=caught',
]);
