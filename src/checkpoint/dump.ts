import type { Archive } from '../archive/archive.js';
import { decodeText } from '../base/text.js';
import type { InventoryEntry } from '../criu/schema/inventory.js';
import type { Images } from './images.js';

/** What made the dump, and on what. Text is untrusted. */
export interface DumpFacts {
  /** Version of CRIU, from its log; Podman's archives have no log. */
  readonly criuVersion: string | undefined;
  /** The node's kernel, from the log. */
  readonly kernel: string | undefined;
  /** Lines of the log's first part that CRIU marked as errors or warnings. */
  readonly complaints: readonly string[];
  /** Version of the images' format. */
  readonly imageVersion: number | undefined;
  /** NO_LSM, SELINUX or APPARMOR. */
  readonly lsm: string | undefined;
  /** CRIU's id of the run. */
  readonly runId: string | undefined;
  /** Host names of the UTS namespaces. */
  readonly nodeNames: readonly string[];
}

/** Version and kernel are in the first lines; the rest of a log, which may have megabytes, says what was dumped how. */
const LOG_PART = 64 * 1024;

export async function readDumpFacts(
  archive: Archive,
  images: Images,
  inventory: InventoryEntry | undefined,
): Promise<DumpFacts> {
  const log = await logLines(archive);
  const nodeNames: string[] = [];
  for (const namespace of await images.numbers('utsns-')) {
    const uts = await images.first('UTSNS', `utsns-${namespace}`);
    if (uts !== undefined) nodeNames.push(uts.nodename);
  }
  return {
    criuVersion: after(log, 'Version: ')?.replace(/ \(gitid .*\)$/, ''),
    kernel: after(log, 'Running on ')?.replace(/^\S+ /, ''),
    complaints: log.filter((line) => /^(Error|Warn) /.test(line)),
    imageVersion: inventory?.img_version,
    lsm: inventory?.lsmtype?.toString(),
    runId: inventory?.dump_criu_run_id,
    nodeNames,
  };
}

/** The first lines of dump.log without their times, `(00.000041) `. */
async function logLines(archive: Archive): Promise<readonly string[]> {
  const entry = await archive.find('dump.log');
  if (entry === undefined) return [];
  const source = archive.open(entry);
  const text = decodeText(await source.read(0, Math.min(LOG_PART, source.size)));
  return text.split('\n').map((line) => line.replace(/^\([\d.]+\) /, ''));
}

function after(lines: readonly string[], start: string): string | undefined {
  return lines.find((line) => line.startsWith(start))?.slice(start.length);
}
