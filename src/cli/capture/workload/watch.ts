import { setTimeout as wait } from 'node:timers/promises';
import { formatDuration } from '../../../base/units.js';
import type { DumpSize } from '../../../kubelet/checkpoint-times.js';
import { type DumpLoad, dumpLoad, loadSize } from '../../../node/facts/dump-load.js';
import type { RuntimeKind } from '../../../node/facts/runtime-settings.js';
import { estimateFreeze } from '../../../node/freeze.js';
import { dumpAtWork } from '../../../node/freezer/at-work.js';
import { containerPids } from '../../../node/freezer/containers.js';
import {
  type ContainerFreezer,
  type FreezerState,
  findFreezer,
  freezerState,
  readFreezer,
} from '../../../node/freezer/state.js';
import { thaw } from '../../../node/freezer/thaw.js';
import { shownCommand } from '../../../node/freezer/thaw-commands.js';
import { HostRoot } from '../../../node/host/root.js';
import type { Plan } from '../containers.js';
import type { ConnectedJob, ContainerTarget } from '../job.js';
import { commandsFor, shownCommands } from './commands.js';
import { type Identity, identify, replacementOf } from './identity.js';
import { type Frozen, frozenBy, look, lookBefore } from './look.js';
import { waitForOthers } from './others.js';
import type { Look, WorkloadReport } from './report.js';
import { Standstill } from './standstill.js';
import { nameOf } from './words.js';

/** How an attempt to have a checkpoint made ended, as far as the engine is concerned. */
export type Ending =
  /** The kubelet said that there is a checkpoint. */
  | 'made'
  /** The kubelet said that there is none: whatever the engine does, it was told to stop. */
  | 'failed'
  /** Nothing was begun: it was not allowed, not found, or nobody listens. */
  | 'not begun'
  /** Nobody waits any more, and the engine may be at work for as long as the kubelet gave it. */
  | 'not waited for';

/** How long an engine is given to tidy up, in milliseconds. */
const TIDY = { made: 5000, failed: 5000, 'not begun': 0, 'not waited for': 2000 } as const;
/**
 * How long a container must have run, with nobody at work in it, after a failure: containerd answers at its deadline and
 * only then kills CRIU, after which the freezer closes, 0.07 to 1.2 s later as seen, for good.
 */
const QUIET = 4000;
/** Beyond what the memory should take: for an engine at work to end; before a standstill is worth a word; for a new container. */
const AT_WORK = 120_000;
const LONG = 10_000;
const RESTART = 10_000;
const PAUSE = 100;

/**
 * Looks after the workload of one container while it is captured: what it was before, how long it stands still, what
 * it is afterwards. Never fails a capture: what cannot be seen is not known, with the reason.
 */
export class WorkloadWatch {
  readonly #job: ConnectedJob;
  readonly #target: ContainerTarget;
  readonly #host: HostRoot;
  readonly #identity: Identity;
  readonly #freezer: ContainerFreezer | undefined;
  /** How long an engine that is seen at work is waited for: CRIU goes on to the end of its dump, whoever gave up. */
  readonly #patience: number;
  readonly before: Look;
  /** What a dump must write; undefined where no process of it is seen. */
  readonly load: DumpLoad | undefined;
  /** How long it stands still; undefined where its freezer is not seen. */
  readonly standstill: Standstill | undefined;

  private constructor(
    job: ConnectedJob,
    target: ContainerTarget,
    host: HostRoot,
    found: {
      readonly identity: Identity;
      readonly freezer: ContainerFreezer | undefined;
      readonly before: Look;
      readonly load: DumpLoad | undefined;
    },
  ) {
    this.#job = job;
    this.#target = target;
    this.#host = host;
    this.#identity = found.identity;
    this.#freezer = found.freezer;
    this.before = found.before;
    this.load = found.load;
    const worst = this.load && estimateFreeze(this.load, this.#identity.runtime).frozen.to;
    this.#patience = AT_WORK + 2 * (worst ?? 0);
    this.standstill =
      found.freezer &&
      new Standstill(host, found.freezer, LONG + 2 * (worst ?? 0), (milliseconds) =>
        this.#note(
          `${nameOf(target)} has stood still for ${formatDuration(milliseconds)}, longer than expected`,
        ),
      );
  }

  /** Finds the container and its freezer. */
  static async begin(
    job: ConnectedJob,
    target: ContainerTarget,
    plan: Pick<Plan, 'pod' | 'podUnknown'>,
  ): Promise<WorkloadWatch> {
    const host = await HostRoot.open(job.hostRoot);
    const identity = await identify(host, target, plan.pod, plan.podUnknown);
    const found = identity.id === null ? undefined : await findFreezer(host, identity.id);
    const freezer = found === undefined || 'state' in found ? undefined : found;
    const state = found === undefined || 'state' in found ? found : await readFreezer(host, found);
    const load = await loadOf(host, identity.id, freezer?.pids);
    const before = lookBefore(identity, state);
    return new WorkloadWatch(job, target, host, { identity, freezer, before, load });
  }

  /** The engine that runs it. */
  get engine(): RuntimeKind {
    return this.#identity.runtime;
  }

  /** What a dump must write in bytes, for the time that it is given. */
  get size(): DumpSize | undefined {
    return this.load && { bytes: loadSize(this.load), complete: this.load.changed.missing === null };
  }

  /** A container that is frozen before anything was asked is told, with what thaws it. */
  async tellFrozen(): Promise<void> {
    const state = this.before.state === 'frozen' ? await this.#state() : undefined;
    if (state?.state !== 'frozen') return;
    const [first] = await shownCommands(this.#host, this.#identity, state);
    const how = first === undefined ? '' : `; what thaws it: ${first}`;
    this.#note(`${nameOf(this.#target)} is frozen already, before this capture, and will be left so${how}`);
  }

  /** As `waitForOthers`, of this container. */
  async waitForOthers(patience: number): Promise<boolean> {
    if (this.#freezer === undefined) return false;
    return waitForOthers(this.#host, nameOf(this.#target), this.#freezer, {
      patience,
      signal: this.#job.signal,
      onWait: (line) => this.#note(line),
    });
  }

  /**
   * Looks again, once the waiting is over. An engine that has just answered may need a moment to thaw the container, so
   * it is given one, and as long as a dump is seen at work nothing else is done. A container that ran before and is
   * frozen after that was left so; it is thawed only with `--thaw`, and only if the kubelet has answered: while it has
   * not, an engine that copies memory cannot be told from one that has gone away.
   */
  async end(ending: Ending): Promise<WorkloadReport> {
    const state = await this.#settled(ending);
    if (state.state === 'frozen') return this.#endFrozen(ending, state);
    if (state.state === 'running') return this.#endRunning(ending);
    const ended = state.state === 'gone' && this.before.state !== 'not known';
    const { id } = this.before;
    const another =
      id !== null && (ended || ending === 'made')
        ? await replacementOf(this.#job, this.#host, this.#target, id, ended ? RESTART : 0)
        : undefined;
    if (another !== undefined) {
      return this.#report('restarted', look(another, await freezerState(this.#host, another.id)));
    }
    if (ended)
      return this.#report('ended', { ...this.before, state: 'ended', why: 'no other runs in its place yet' });
    const why = state.state === 'unknown' ? state.why : this.before.why;
    return this.#report('not known', { ...this.before, state: 'not known', why });
  }

  /** Looks once more at a container that ran; what it was in the end is what counts. */
  async lookAgain(report: WorkloadReport): Promise<WorkloadReport> {
    if (report.outcome !== 'running' && report.outcome !== 'thawed') return report;
    const { state } = await this.#state();
    return state === 'running' || state === 'unknown' ? report : this.end('made');
  }

  /** The state once the engine has had time to tidy up. */
  async #settled(ending: Ending): Promise<FreezerState> {
    const begun = performance.now();
    let busyAt = begun;
    for (let told = false; ; await wait(PAUSE)) {
      if (this.before.state !== 'frozen') await this.standstill?.look();
      const state = await this.#state();
      const now = performance.now();
      const frozen = state.state === 'frozen';
      const interesting = state.state === 'running' ? ending === 'failed' : frozen;
      if (!interesting || this.before.state === 'frozen' || now - begun > this.#patience) return state;
      const who = ending === 'not waited for' ? undefined : await this.#atWork();
      if (who !== undefined) busyAt = now;
      if (now - busyAt > (frozen ? TIDY[ending] : QUIET)) return state;
      this.#job.progress.say(`${nameOf(this.#target)}: waiting for what the engine does to it`);
      if (who === undefined || told || now - begun < TIDY[ending]) continue;
      this.#note(`${nameOf(this.#target)}: ${who} is still at work: waiting for it`);
      told = true;
    }
  }

  /** It runs, unless a dump that nobody waits for any more is at work: under CRIU the processes stand still, frozen or not. */
  async #endRunning(ending: Ending): Promise<WorkloadReport> {
    const who = ending !== 'made' && this.#freezer !== undefined ? await this.#atWork() : undefined;
    if (who === undefined) return this.#report('running', { ...this.before, state: 'running', why: null });
    const where = { by: 'itself', where: undefined, version: 2 } as const;
    const shown = await shownCommands(this.#host, this.#identity, where);
    return this.#report('frozen', { ...this.before, state: 'frozen', why: `${who} is still at work` }, shown);
  }

  async #endFrozen(ending: Ending, state: Frozen): Promise<WorkloadReport> {
    const commands = await commandsFor(this.#host, this.#identity, state);
    const shown = commands.map(shownCommand);
    const after: Look = { ...this.before, state: 'frozen', why: frozenBy(state) };
    const { id } = this.#identity;
    if (this.before.state === 'frozen') return this.#report('paused before', after, shown);
    if (ending === 'not waited for' || ending === 'not begun') {
      return this.#report('frozen', { ...after, why: 'an engine may still be at work in it' }, shown);
    }
    if (this.before.state !== 'running' || id === null) {
      return this.#report('frozen', { ...after, why: 'and it is not known whether it was before' }, shown);
    }
    const who = await this.#atWork();
    if (who !== undefined) return this.#report('frozen', { ...after, why: `${who} is still at work` }, shown);
    if (!this.#job.thaw || state.by === 'a parent') return this.#report('left frozen', after, shown);
    const result = await thaw(this.#host, id, commands);
    if (result.state.state !== 'running') return this.#report('left frozen', after, shown, result.attempts);
    return this.#report('thawed', { ...after, state: 'running', why: null }, shown, result.attempts);
  }

  #atWork(): Promise<string | undefined> {
    return dumpAtWork(this.#host, this.#identity.id ?? '');
  }

  async #state(): Promise<FreezerState> {
    const { id, why } = this.#identity;
    if (id === null) return { state: 'unknown', why: why ?? 'its ID is not known' };
    return freezerState(this.#host, id);
  }

  #note(line: string): void {
    this.#job.progress.clear();
    this.#job.note(line);
  }

  #report(
    outcome: WorkloadReport['outcome'],
    after: Look,
    thawing: readonly string[] = [],
    attempts: WorkloadReport['attempts'] = [],
  ): WorkloadReport {
    const frozenFor = this.before.state === 'frozen' ? null : (this.standstill?.longest ?? null);
    return { target: this.#target, outcome, before: this.before, after, frozenFor, thaw: thawing, attempts };
  }
}

/** What a dump must write, also where the freezer is not to be seen. */
async function loadOf(
  host: HostRoot,
  id: string | null,
  known: readonly number[] | undefined,
): Promise<DumpLoad | undefined> {
  if (id === null) return undefined;
  const pids = known ?? (await containerPids(host, id));
  return pids.length === 0 ? undefined : dumpLoad(host, id, pids);
}
