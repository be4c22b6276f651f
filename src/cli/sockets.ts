import { socketsView } from '../views/sockets.js';
import { viewCommand } from './view-command.js';

export const socketsCommand = viewCommand(socketsView, [
  'coldcase sockets checkpoint.tar --filter state=LISTEN',
  'coldcase sockets checkpoint.tar -p 3 --json',
]);
