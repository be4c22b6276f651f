import { findingsView } from '../views/findings.js';
import { viewCommand } from './view-command.js';

export const findingsCommand = viewCommand(findingsView, [
  'coldcase findings evidence.tar.zst.age -i key.txt',
  'coldcase findings checkpoint.tar --json',
]);
