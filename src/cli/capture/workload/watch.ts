import { setTimeout as wait } from 'node:timers/promises';
import { ColdcaseError, FailedError } from '../../../base/errors.js';
import { formatDuration } from '../../../base/units.js';
import { containerMemory } from '../../../node/facts/container-memory.js';
import { estimateFreeze } from '../../../node/freeze.js';
import { dumpAtWork, dumping, tracerOf } from '../../../node/freezer/at-work.js';
import {
  type ContainerFreezer,
  type FreezerState,
  findFreezer,
  freezerState,
  readFreezer,
} from '../../../node/freezer/state.js';
import { thaw } from '../../../node/freezer/thaw.js';
import { shownCommand, type ThawCommand, thawCommands } from '../../../node/freezer/thaw-commands.js';
import { HostRoot } from '../../../node/host/root.js';
import type { Plan } from '../containers.js';
import type { ConnectedJob, ContainerTarget } from '../job.js';
import { type Identity, identify } from './identity.js';
import { type Frozen, frozenBy, look, lookBefore } from './look.js';
import type { Look, WorkloadReport } from './report.js';
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

/** How long is waited, in milliseconds: for an engine to tidy up; while a dump is seen at work, at least; for a new container. */
const TIDY = { made: 5000, failed: 5000, 'not begun': 0, 'not waited for': 2000 } as const;
const AT_WORK = 120_000;
/**
 * How long a container must have run, with nobody at work in it, after a failure: containerd answers at its deadline and
 * only then kills CRIU, after which the freezer closes, 0.07 to 1.2 s later as seen, for good.
 */
const QUIET = 4000;
/** Processes of which each look asks whether they are traced. */
const LOOKED_AT = 16;
const RESTART = 10_000;
const PAUSE = 100;
const SLOW_PAUSE = 500;

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
  readonly before: Look;
  /** Memory that a dump must write, in bytes; undefined where no process of it is seen. */
  readonly memory: number | undefined;
  /** The longest that it was seen frozen, and since when it is now, in milliseconds. */
  #longest = 0;
  #frozenSince: number | undefined;
  #toldLong = false;

  private constructor(
    job: ConnectedJob,
    target: ContainerTarget,
    host: HostRoot,
    found: {
      readonly identity: Identity;
      readonly freezer: ContainerFreezer | undefined;
      readonly before: Look;
      readonly memory: number | undefined;
    },
  ) {
    this.#job = job;
    this.#target = target;
    this.#host = host;
    this.#identity = found.identity;
    this.#freezer = found.freezer;
    this.before = found.before;
    this.memory = found.memory;
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
    const memory = freezer === undefined ? undefined : (await containerMemory(host, freezer.pids)).size;
    const before = lookBefore(identity, state);
    return new WorkloadWatch(job, target, host, { identity, freezer, before, memory });
  }

  /** A container that is frozen before anything was asked is told, with what thaws it. */
  async tellFrozen(): Promise<void> {
    if (this.before.state !== 'frozen' || this.#identity.id === null) return;
    const state = await freezerState(this.#host, this.#identity.id);
    if (state.state !== 'frozen') return;
    const [first] = (await this.#commands(state)).map(shownCommand);
    const how = first === undefined ? '' : `; what thaws it: ${first}`;
    this.#note(`${nameOf(this.#target)} is frozen already, before this capture, and will be left so${how}`);
  }

  /**
   * Waits for a checkpoint that somebody else, such as another tool, is making of the container at this moment.
   *
   * @param patience - milliseconds
   * @returns whether there was one: then the container has to be looked at anew
   * @throws FailedError when it does not end in time; the signal's reason
   */
  async waitForOthers(patience: number): Promise<boolean> {
    const { id } = this.#identity;
    if (id === null || this.#freezer === undefined) return false;
    const { pids } = this.#freezer;
    const name = nameOf(this.#target);
    const until = performance.now() + patience;
    for (let seenAt: number | undefined; ; await wait(PAUSE)) {
      this.#job.signal.throwIfAborted();
      const frozen = (await readFreezer(this.#host, this.#freezer)).state === 'frozen';
      const who = await (frozen ? dumpAtWork : dumping)(this.#host, id, pids);
      const now = performance.now();
      if (who === undefined) {
        // between the dump and the copy, and at a deadline, nobody is seen for a moment
        if (seenAt === undefined || now - seenAt > QUIET) return seenAt !== undefined;
        continue;
      }
      if (seenAt === undefined) {
        this.#note(`${name}: somebody else checkpoints it: ${who}: waiting for it to end`);
      }
      seenAt = now;
      if (now >= until) {
        throw new FailedError(`somebody else checkpoints ${name}, and does not end: ${who}`, {
          remedy: 'two at once spoil each other: end the other, then capture again',
        });
      }
    }
  }

  /** Looks again and again while the kubelet works. @returns ends it */
  follow(): () => Promise<void> {
    const stop = new AbortController();
    const running = (async () => {
      while (!stop.signal.aborted) {
        await this.#poll();
        await wait(PAUSE, undefined, { signal: stop.signal }).catch(() => undefined); // the only error: stopped
      }
    })();
    return () => {
      stop.abort();
      return running;
    };
  }

  /** Milliseconds for which it has been frozen, as far as the last look knows; undefined when it runs. */
  get frozenFor(): number | undefined {
    return this.#frozenSince === undefined ? undefined : performance.now() - this.#frozenSince;
  }

  async #poll(): Promise<void> {
    if (this.#freezer === undefined || this.before.state === 'frozen') return;
    const { state } = await readFreezer(this.#host, this.#freezer);
    // while CRIU dumps, the processes are stopped by their tracer, and the freezer says that they run
    const still =
      state === 'frozen' ||
      (await tracerOf(this.#host, this.#freezer.pids.slice(0, LOOKED_AT))) !== undefined;
    const now = performance.now();
    if (still) this.#frozenSince ??= now;
    else this.#frozenSince = undefined;
    if (this.#frozenSince === undefined) return;
    this.#longest = Math.max(this.#longest, now - this.#frozenSince);
    const expected = this.#expected();
    if (this.#longest < expected || this.#toldLong) return;
    this.#toldLong = true;
    this.#note(
      `${nameOf(this.#target)} has been frozen for ${formatDuration(this.#longest)}, longer than expected`,
    );
  }

  /** How long an engine that is seen at work is waited for: CRIU goes on to the end of its dump, whoever gave up. */
  #patience(): number {
    return AT_WORK + 2 * estimateFreeze(this.memory ?? 0, this.#identity.runtime).frozen.to;
  }

  /** Beyond it a freeze is worth a word, in milliseconds: twice what the memory should take at worst, and some. */
  #expected(): number {
    return (
      10_000 +
      2 * (this.memory === undefined ? 25_000 : estimateFreeze(this.memory, this.#identity.runtime).frozen.to)
    );
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
    const another = ended || ending === 'made' ? await this.#another(ended ? RESTART : 0) : undefined;
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
    const { id } = this.#identity;
    if (id === null || (report.outcome !== 'running' && report.outcome !== 'thawed')) return report;
    const { state } = await freezerState(this.#host, id);
    return state === 'running' || state === 'unknown' ? report : this.end('made');
  }

  /** The state once the engine has had time to tidy up. */
  async #settled(ending: Ending): Promise<FreezerState> {
    const { id, why } = this.#identity;
    if (id === null) return { state: 'unknown', why: why ?? 'its ID is not known' };
    const begun = performance.now();
    let busyAt = begun;
    for (let told = false; ; await wait(PAUSE)) {
      await this.#poll();
      const state = await freezerState(this.#host, id);
      const now = performance.now();
      const frozen = state.state === 'frozen';
      const interesting = state.state === 'running' ? ending === 'failed' : frozen;
      if (!interesting || this.before.state === 'frozen' || now - begun > this.#patience()) return state;
      const who = ending === 'not waited for' ? undefined : await this.#atWork(id);
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
    const { id } = this.#identity;
    const who = ending !== 'made' && id !== null ? await this.#atWork(id) : undefined;
    if (who === undefined) return this.#report('running', { ...this.before, state: 'running', why: null });
    const shown = (await this.#commands({ by: 'itself', where: undefined, version: 2 })).map(shownCommand);
    return this.#report('frozen', { ...this.before, state: 'frozen', why: `${who} is still at work` }, shown);
  }

  async #endFrozen(ending: Ending, state: Frozen): Promise<WorkloadReport> {
    const commands = await this.#commands(state);
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
    const who = await this.#atWork(id);
    if (who !== undefined) return this.#report('frozen', { ...after, why: `${who} is still at work` }, shown);
    if (!this.#job.thaw || state.by === 'a parent') return this.#report('left frozen', after, shown);
    const result = await thaw(this.#host, id, commands);
    if (result.state.state !== 'running') return this.#report('left frozen', after, shown, result.attempts);
    return this.#report('thawed', { ...after, state: 'running', why: null }, shown, result.attempts);
  }

  #atWork(id: string): Promise<string | undefined> {
    return dumpAtWork(this.#host, id, this.#freezer?.pids ?? []);
  }

  /** The container that runs in the place of the one that was there before, once there is one. */
  async #another(patience: number): Promise<(Identity & { readonly id: string }) | undefined> {
    for (const until = performance.now() + patience; ; await wait(SLOW_PAUSE)) {
      const { id, ...rest } = await this.#identifyAgain();
      if (id !== null && this.before.id !== null && id !== this.before.id) return { id, ...rest };
      if (performance.now() >= until || this.#job.signal.aborted) return undefined;
    }
  }

  async #identifyAgain(): Promise<Identity> {
    const { client, signal } = this.#job;
    try {
      return await identify(this.#host, this.#target, await client.pod(this.#target, signal), undefined);
    } catch (error) {
      if (!(error instanceof ColdcaseError)) throw error;
      return identify(this.#host, this.#target, undefined, error);
    }
  }

  /** What thaws it. What the pod's status says of the engine counts more than which socket is there. */
  async #commands(state: Pick<Frozen, 'by' | 'where' | 'version'>): Promise<readonly ThawCommand[]> {
    const { loadKubeletConfig } = await import('../../../node/config/kubelet.js');
    const { readRuntime } = await import('../../../node/facts/runtime.js');
    const configuration = await loadKubeletConfig(this.#host);
    const engine = await readRuntime(this.#host, configuration, undefined, { probe: false });
    const { runtime, id } = this.#identity;
    const kind = runtime === 'unknown' ? engine.kind : runtime;
    return thawCommands(this.#host, id ?? '', { ...engine, kind }, state);
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
    const seen = this.#freezer !== undefined && this.before.state !== 'frozen';
    const frozenFor = seen ? Math.round(this.#longest) : null;
    return { target: this.#target, outcome, before: this.before, after, frozenFor, thaw: thawing, attempts };
  }
}
