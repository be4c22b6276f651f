import { ColdcaseError } from '../../base/errors.js';
import { type MachineIds, machineOfMetrics, parseNode } from '../../kubelet/node-info.js';
import { parsePod } from '../../kubelet/pods.js';
import { getJson, type NodeApi } from '../api.js';
import { rootDirectory } from '../config/kubelet.js';
import { isOwnAddress, machineIds } from '../machine.js';
import { findSameMachine, podAmong } from '../same-machine.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, fail, unknown } = reporter('API');

const ID = 'api.machine';
const WHY =
  'the archive will lie on the node that is asked, and all other checks are about the machine that is looked at here';

/** Whether the node that the API leads to is the one that is looked at; nothing when no API is asked. */
export async function machineChecks(examination: Examination): Promise<readonly Check[]> {
  const { api, host, patient } = examination;
  if (api === undefined) return [];
  const known = {
    processesSeen: patient?.facts !== undefined,
    podDirectory: await hasPodDirectory(examination),
    here: await machineIds(host),
    ownAddress: api.via === 'kubelet' && host.isThisMachine && (await isOwnAddress(hostnameOf(api.where))),
  };
  const there = await askNode(api);
  const verdict = await findSameMachine({ ...known, there }, () => askKubelet(api));
  const node = api.node ?? api.where;
  if (verdict.same === true)
    return [pass(ID, `${node} is the machine that is looked at: ${verdict.by}`, WHY)];
  if (verdict.same === false) {
    const unless = verdict.certain ? '' : ' unless --this-node';
    const remedy = `run it on ${node}; capture refuses to ask for the checkpoint from here${unless}`;
    return [fail(ID, `${node} is another machine than this: ${verdict.by}`, WHY, remedy)];
  }
  const remedy = 'run as root on the node, or with credentials that may get nodes';
  return [unknown(ID, `whether ${node} is this machine: ${verdict.by}`, WHY, remedy)];
}

async function hasPodDirectory({ host, configuration, patient }: Examination): Promise<boolean | undefined> {
  const pod = patient?.manifest ? parsePod(patient.manifest) : undefined;
  const names = await host.list(`${rootDirectory(configuration)}/pods`);
  return pod === undefined || !names.ok ? undefined : podAmong(names.value, pod);
}

function hostnameOf(where: string): string {
  return URL.canParse(`https://${where}`) ? new URL(`https://${where}`).hostname : where;
}

async function askNode(api: NodeApi): Promise<MachineIds | undefined> {
  if (api.via !== 'api-server' || api.node === undefined) return undefined;
  const { node } = api;
  return quietly(async () => {
    const answer = await getJson(api, `/api/v1/nodes/${encodeURIComponent(node)}`);
    return answer === undefined ? undefined : parseNode(answer);
  });
}

async function askKubelet(api: NodeApi): Promise<MachineIds | undefined> {
  return quietly(async () => {
    const { status, body } = await api.request('GET', api.kubeletPath('metrics', 'cadvisor'));
    return status === 200 ? machineOfMetrics(body) : undefined;
  });
}

/** What cannot be asked is not known; why it cannot be is for the other checks of the API to say. */
async function quietly<T>(question: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof ColdcaseError) return undefined;
    throw error;
  }
}
