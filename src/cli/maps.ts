import { mapsView } from '../views/maps.js';
import { viewCommand } from './view-command.js';

export const mapsCommand = viewCommand(mapsView, [
  "coldcase maps checkpoint.tar --filter 'perms~^rwx'",
  'coldcase maps checkpoint.tar -p 4 --wide',
]);
