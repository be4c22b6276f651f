import { credsView } from '../views/creds.js';
import { viewCommand } from './view-command.js';

export const credsCommand = viewCommand(credsView, [
  'coldcase creds checkpoint.tar --format tree',
  'coldcase creds checkpoint.tar --filter effective=CAP_SYS_ADMIN',
]);
