import { envView } from '../views/env.js';
import { viewCommand } from './view-command.js';

export const envCommand = viewCommand(envView, [
  'coldcase env checkpoint.tar -p 1',
  "coldcase env checkpoint.tar --filter 'name~^LD_'",
]);
