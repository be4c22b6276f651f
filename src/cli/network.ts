import { networkView } from '../views/network.js';
import { viewCommand } from './view-command.js';

export const networkCommand = viewCommand(networkView, [
  'coldcase network checkpoint.tar',
  'coldcase network checkpoint.tar --filter kind=firewall',
]);
