import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { NotFoundError } from '../base/errors.js';
import { MemoryImages, type ProcessMemory } from '../criu/memory.js';
import type { DecodeBudget } from '../criu/message.js';
import type { InventoryEntry } from '../criu/schema/inventory.js';
import { type ContainerInfo, readContainer } from './container.js';
import { type Namespace, readNamespaces } from './credentials.js';
import { type FileDescriptor, readDescriptors } from './descriptors.js';
import { type DumpFacts, readDumpFacts } from './dump.js';
import { type FilePath, type FileTable, filePath, readFileTable } from './file-table.js';
import { Images } from './images.js';
import { type IpcObject, readIpc } from './ipc.js';
import { type Mapping, readMappings } from './mappings.js';
import { once } from './memo.js';
import { type MemoryUsage, readMemoryUsage } from './memory-usage.js';
import { type Mount, readMounts } from './mounts.js';
import { type NetworkNamespace, readNetwork } from './network.js';
import { type Process, readProcesses } from './process-list.js';
import { readArguments, readEnvironment, type StartStrings } from './process-memory.js';
import { readRootFsDiff } from './rootfs.js';
import { readSockets, type Socket } from './sockets.js';
import { type ArchiveSizes, type DumpStatistics, readSizes, readStatistics } from './stats.js';
import { readThreads, type Thread } from './threads.js';

/** What a string with its row takes, and a mapping; in units of the images' budget. */
const STRING_COST = 8;
const MAPPING_COST = 24;

/**
 * A checkpoint as an investigator thinks of it. Every part is read from the archive when it is first asked for, and
 * then kept. All text in it was written by the container: it is raw, and escaped only where it is shown.
 */
export class Checkpoint {
  readonly archive: Archive;
  readonly images: Images;
  /** Who and what was checkpointed. */
  readonly container: () => Promise<ContainerInfo>;
  /** Every process, parents before their children. */
  readonly processes: () => Promise<readonly Process[]>;
  /** Every open file, whoever holds it. */
  readonly fileTable: () => Promise<FileTable>;
  readonly descriptors: () => Promise<readonly FileDescriptor[]>;
  readonly sockets: () => Promise<readonly Socket[]>;
  readonly mounts: () => Promise<readonly Mount[]>;
  readonly network: () => Promise<readonly NetworkNamespace[]>;
  readonly ipc: () => Promise<readonly IpcObject[]>;
  readonly statistics: () => Promise<DumpStatistics | undefined>;
  readonly sizes: () => Promise<ArchiveSizes>;
  /** Files that the container changed or added, by their absolute paths. */
  readonly rootFsDiff: () => Promise<ReadonlyMap<string, ArchiveEntry>>;
  /** What made the dump. */
  readonly dump: () => Promise<DumpFacts>;
  readonly inventory: () => Promise<InventoryEntry | undefined>;
  /** The memory of the processes. */
  readonly memory: () => Promise<MemoryImages>;
  /** The process whose memory was asked for last: arguments and environment are often wanted together. */
  #lastMemory: { readonly pid: number; readonly memory: Promise<ProcessMemory> } | undefined;
  /** What has been made of a process, and counted. */
  readonly #charged = new WeakMap<Process, Set<string>>();

  /** @param shared - see {@link Images} */
  constructor(archive: Archive, shared?: DecodeBudget) {
    this.archive = archive;
    this.images = new Images(archive, shared);
    const { images } = this;
    this.container = once(async () => readContainer(archive, (await images.entry('inventory'))?.mtime));
    this.processes = once(() => readProcesses(images));
    this.fileTable = once(() => readFileTable(images));
    this.descriptors = once(async () =>
      readDescriptors(images, await this.fileTable(), await this.processes()),
    );
    this.sockets = once(async () => readSockets(images, await this.fileTable(), await this.descriptors()));
    this.mounts = once(async () => readMounts(images, await this.container()));
    this.network = once(() => readNetwork(images));
    this.ipc = once(() => readIpc(images));
    this.statistics = once(() => readStatistics(archive));
    this.sizes = once(async () => readSizes(archive, await images.folder()));
    this.rootFsDiff = once(() => readRootFsDiff(archive));
    this.inventory = once(() => images.first('INVENTORY', 'inventory'));
    this.dump = once(async () => readDumpFacts(archive, images, await this.inventory()));
    this.memory = once(async () => new MemoryImages(archive, await images.folder(), images));
  }

  /**
   * All processes, or the one of that PID.
   *
   * @throws NotFoundError when there is no process of that PID
   */
  async select(pid: number | undefined): Promise<readonly Process[]> {
    const processes = await this.processes();
    if (pid === undefined) return processes;
    const found = processes.filter((process) => process.pid === pid);
    if (found.length > 0) return found;
    throw new NotFoundError(`there is no process ${pid} in ${this.archive.location}`, {
      remedy: 'coldcase ps lists the processes',
    });
  }

  /** The memory of a process; undefined for a zombie. */
  async memoryOf(process: Process): Promise<ProcessMemory | undefined> {
    if ((await process.mm()) === undefined) return undefined;
    const { pid } = process;
    if (this.#lastMemory?.pid !== pid) {
      this.#lastMemory = { pid, memory: this.memory().then((images) => images.process(pid)) };
    }
    return this.#lastMemory.memory;
  }

  /**
   * Counts rows that are made of a process, once each kind: what an archive says may be small and stand for many.
   *
   * @param units - of about 16 bytes
   * @throws FormatError when all that is kept is too much
   */
  charge(process: Process, kind: string, units: number): void {
    const charged = this.#charged.get(process) ?? new Set<string>();
    this.#charged.set(process, charged);
    if (charged.has(kind)) return;
    this.images.charge(units, `the ${kind} of process ${process.pid} and those before it`);
    charged.add(kind);
  }

  /** The arguments of a process; undefined for a zombie, and when the archive does not hold that memory. */
  async arguments(process: Process): Promise<StartStrings | undefined> {
    const memory = await this.memoryOf(process);
    return memory && this.#chargeStrings(process, 'arguments', await readArguments(memory));
  }

  /** The environment of a process; undefined as {@link arguments} is. */
  async environment(process: Process): Promise<StartStrings | undefined> {
    const memory = await this.memoryOf(process);
    return memory && this.#chargeStrings(process, 'environment', await readEnvironment(memory));
  }

  #chargeStrings(
    process: Process,
    kind: string,
    strings: StartStrings | undefined,
  ): StartStrings | undefined {
    const units = strings?.values.reduce((sum, text) => sum + STRING_COST + (text.length >> 4), 0) ?? 0;
    this.charge(process, kind, units);
    return strings;
  }

  /** The file that a process runs; undefined for a zombie. */
  async executable(process: Process): Promise<FilePath | undefined> {
    const mm = await process.mm();
    return mm === undefined ? undefined : filePath(await this.fileTable(), mm.exe_file_id);
  }

  async mappings(process: Process): Promise<readonly Mapping[]> {
    const mm = await process.mm();
    if (mm === undefined) return [];
    this.charge(process, 'mappings', MAPPING_COST * mm.vmas.length);
    return readMappings(process.pid, mm, await this.fileTable());
  }

  memoryUsage(process: Process): Promise<MemoryUsage> {
    return readMemoryUsage(this.images, process);
  }

  threads(process: Process): Promise<readonly Thread[]> {
    return readThreads(this.images, process);
  }

  async namespaces(process: Process): Promise<readonly Namespace[]> {
    return readNamespaces(await process.ids(), (await this.inventory())?.root_ids);
  }

  /** The control groups of a process, by controller; the unified hierarchy's has an empty name. */
  async cgroups(
    process: Process,
  ): Promise<readonly { readonly controller: string; readonly path: string }[]> {
    const core = await process.core();
    const set = core?.thread_core?.cg_set ?? core?.tc?.cg_set;
    const sets = (await this.images.first('CGROUP', 'cgroup'))?.sets ?? [];
    const members = sets.find(({ id }) => id === set)?.ctls ?? [];
    return members.map(({ name, path }) => ({ controller: name, path }));
  }
}
