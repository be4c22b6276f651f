import { formatSize } from '../../base/units.js';
import type { ContainerFacts } from '../facts/container.js';
import { parseCriuSize } from '../facts/criu.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('CRIU options');

/** CRIU's own limit for deleted files that it copies into the dump (cr_options.h). */
const GHOST_LIMIT = 1 << 20;

/** tcp-established, file-locks and ghost-limit, and whether this container will need them. */
export function criuOptionChecks({ criu, runtime, patient }: Examination): readonly Check[] {
  const facts = patient?.facts;
  const file = runtime.low.name.includes('crun') ? '/etc/criu/crun.conf' : '/etc/criu/runc.conf';
  const read =
    criu.options.files.map(({ path }) => path).join(', ') || `none of /etc/criu/default.conf, ${file}`;
  const held = (count: number, one: string): string =>
    `this container has ${count} ${one}${count === 1 ? '' : 's'}`;
  return [
    option({
      id: 'criu.tcp-established',
      name: 'tcp-established',
      why: 'CRIU refuses a process with an established TCP connection unless this option is set',
      set: criu.options.get('tcp-established'),
      need: facts?.establishedTcp,
      complete: facts?.complete ?? false,
      words: (count) => held(count, 'open TCP connection'),
      read,
      file,
    }),
    option({
      id: 'criu.file-locks',
      name: 'file-locks',
      why: 'CRIU refuses a process that holds file locks unless this option is set',
      set: criu.options.get('file-locks'),
      need: facts?.locks,
      complete: true, // /proc/locks shows everybody's
      words: (count) => held(count, 'file lock'),
      read,
      file,
    }),
    ghostCheck(criu.options.get('ghost-limit'), facts, file),
  ];
}

interface OptionQuestion {
  readonly id: string;
  readonly name: string;
  readonly why: string;
  readonly set: { readonly path: string } | undefined;
  readonly need: number | undefined;
  /** Whether a count of none means that there is none. */
  readonly complete: boolean;
  readonly words: (count: number) => string;
  readonly read: string;
  readonly file: string;
}

function option({ id, name, why, set, need, complete, words, read, file }: OptionQuestion): Check {
  const remedy = `add the line ${name} to ${file}`;
  if (set !== undefined) {
    return pass(id, `set in ${set.path}${need === undefined ? '' : `; ${words(need)}`}`, why);
  }
  if (need === undefined) return warn(id, `not set (read: ${read}); a container may need it`, why, remedy);
  if (need > 0) return fail(id, `not set, and ${words(need)}`, why, remedy);
  if (!complete)
    return unknown(id, 'not set, and the container could not be looked into', why, 'run as root');
  return pass(id, `not set, and ${words(0)} now`, why);
}

function ghostCheck(
  set: { readonly value: string; readonly path: string } | undefined,
  facts: ContainerFacts | undefined,
  file: string,
): Check {
  const why = 'deleted files that are still open are copied into the dump only up to this size each';
  const id = 'criu.ghost-limit';
  const limit = set === undefined ? GHOST_LIMIT : parseCriuSize(set.value);
  if (limit === undefined)
    return warn(
      id,
      `${set?.value ?? ''} in ${set?.path ?? ''} is no size`,
      why,
      'write a number with K, M or G',
    );
  const at = `${formatSize(limit)} (${set === undefined ? "CRIU's default" : set.path})`;
  if (facts === undefined) return pass(id, at, why);
  const large = facts.deleted.filter(({ size }) => size !== undefined && size > limit);
  const largest = Math.max(...large.map(({ size }) => size ?? 0));
  if (large.length > 0) {
    const megabytes = Math.ceil(largest / (1 << 20));
    return fail(
      id,
      `${at}; ${large.length} deleted files are larger, up to ${formatSize(largest)}`,
      why,
      `add the line ghost-limit ${megabytes}M to ${file}`,
    );
  }
  if (!facts.complete)
    return unknown(id, `${at}; the container could not be looked into`, why, 'run as root');
  if (facts.deleted.some(({ size }) => size === undefined)) {
    return unknown(
      id,
      `${at}; ${facts.deleted.length} deleted files, not all sizes are known`,
      why,
      `a ghost-limit of 1G in ${file} is safe`,
    );
  }
  return pass(id, `${at}; ${facts.deleted.length} deleted files, none larger`, why);
}
