import { treeByProcess, type View } from './view.js';

export type EnvRow = {
  readonly pid: number;
  readonly comm: string;
  readonly name: string;
  readonly value: string;
};

/** Variables that load code into a program, or hide what a shell did. */
const TELLING =
  /^(LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|HISTFILE|HISTSIZE|PROMPT_COMMAND|BASH_ENV|ENV|PYTHONSTARTUP)$/;

/** The environment of each process, from its memory. */
export const envView: View<EnvRow> = {
  name: 'env',
  summary: 'environment variables',
  examples: ['coldcase env checkpoint.tar -p 1', "coldcase env checkpoint.tar --filter 'name~^LD_'"],
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'comm', header: 'COMM', squeeze: 1, about: 'what the process calls itself' },
    {
      key: 'name',
      header: 'NAME',
      squeeze: 2,
      alert: ({ name }) => TELLING.test(name),
      about: 'name of the variable',
    },
    {
      key: 'value',
      header: 'VALUE',
      squeeze: 3,
      about: 'its value; empty when the string has no equals sign',
    },
  ],
  async rows(checkpoint, { pid, note }) {
    const rows: EnvRow[] = [];
    for (const process of await checkpoint.select(pid)) {
      const environment = await checkpoint.environment(process);
      if (environment === undefined) {
        if (process.state !== 'zombie')
          note?.(`the environment of process ${process.pid} is not in the archive`);
        continue;
      }
      if (environment.cut)
        note?.(`only the first part of the environment of process ${process.pid} was read`);
      for (const text of environment.values) {
        if (text !== '') rows.push({ pid: process.pid, comm: process.comm, ...splitVariable(text) });
      }
    }
    return rows;
  },
  tree: (rows) =>
    treeByProcess(
      rows,
      ({ pid, comm }) => `[${pid}] ${comm}`,
      ({ name, value }) => `${name}=${value}`,
    ),
};

/** `NAME=value`; a string without an equals sign is a name alone. */
function splitVariable(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, value: '' } : { name: text.slice(0, at), value: text.slice(at + 1) };
}
