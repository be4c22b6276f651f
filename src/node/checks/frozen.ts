import { allFreezers, type FreezerState, freezerState, readFreezer } from '../freezer/state.js';
import { shownCommand, thawCommands } from '../freezer/thaw-commands.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, fail, unknown } = reporter('container');

const ID = 'container.frozen';
const WHY =
  'a checkpoint that ran out of time leaves the container frozen: the pod says Running, and nothing of it runs';
const MOST = 8;

/** Whether the container that is meant is frozen; without one, whether any container of the node is. */
export async function frozenCheck(examination: Examination): Promise<Check> {
  const { host, patient } = examination;
  if (patient !== undefined) {
    const id = patient.id;
    if (id === undefined)
      return unknown(ID, patient.unseen ?? 'its ID is not known', WHY, 'run as root on its node');
    const state = await freezerState(host, id);
    if (state.state === 'running') return pass(ID, 'it is not frozen', WHY);
    if (state.state === 'gone') return unknown(ID, 'no process of it is seen here', WHY, 'run on its node');
    if (state.state === 'unknown') return unknown(ID, state.why, WHY, 'run as root on its node');
    return fail(ID, frozenBy(state), WHY, await remedyFor(examination, id, state));
  }
  const freezers = await allFreezers(host);
  if ('state' in freezers) {
    return unknown(
      ID,
      freezers.state === 'unknown' ? freezers.why : 'no container is seen',
      WHY,
      'run as root on the node',
    );
  }
  const frozen: { readonly id: string; readonly state: Frozen }[] = [];
  const notKnown: string[] = [];
  for (const [id, freezer] of freezers) {
    const state = await readFreezer(host, freezer);
    if (state.state === 'frozen') frozen.push({ id, state });
    if (state.state === 'unknown') notKnown.push(state.why);
  }
  const [first] = frozen;
  if (first !== undefined) {
    const names = frozen.slice(0, MOST).map(({ id }) => id.slice(0, 12));
    const more = frozen.length > MOST ? ` and ${frozen.length - MOST} more` : '';
    const found = `${frozen.length} of ${freezers.size} containers are frozen: ${names.join(', ')}${more}`;
    return fail(ID, found, WHY, await remedyFor(examination, first.id, first.state));
  }
  const [problem] = notKnown;
  if (problem !== undefined)
    return unknown(ID, `${notKnown.length} of ${freezers.size}: ${problem}`, WHY, 'run as root');
  return pass(ID, `none of ${freezers.size} containers of this node is frozen`, WHY);
}

type Frozen = Extract<FreezerState, { state: 'frozen' }>;

function frozenBy({ by, where, complete }: Frozen): string {
  const what = complete ? 'frozen' : 'being frozen';
  if (by === 'itself') return `it is ${what}: ${where ?? 'its freezer'} is set`;
  return `it is ${what} with a cgroup above it${where === undefined ? '' : `: ${where}`}`;
}

async function remedyFor({ host, runtime }: Examination, id: string, state: Frozen): Promise<string> {
  const commands = (await thawCommands(host, id, runtime, state)).map(shownCommand);
  return `if nobody paused it on purpose and no checkpoint of it runs: ${commands.join(', or: ')}`;
}
