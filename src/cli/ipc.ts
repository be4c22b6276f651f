import { ipcView } from '../views/ipc.js';
import { viewCommand } from './view-command.js';

export const ipcCommand = viewCommand(ipcView, ['coldcase ipc checkpoint.tar']);
