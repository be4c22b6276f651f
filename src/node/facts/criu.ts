import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { HostRoot } from '../host/root.js';
import { findProgram, runtimePath } from './programs.js';
import type { RuntimeFacts } from './runtime.js';

const run = promisify(execFile);

/** CRIU as the runtime would find it. */
export interface CriuFacts {
  readonly program: string | undefined;
  readonly searched: string;
  readonly version: string | undefined;
  readonly versionFrom: string | undefined;
  /** What `criu check` said; undefined where it was not run, with the reason in `notChecked`. */
  readonly check: { readonly ok: boolean; readonly said: string } | undefined;
  readonly notChecked: string | undefined;
  readonly lowLevel: string | undefined;
  /** crun reaches CRIU through this library. */
  readonly library: string | undefined;
  readonly options: CriuOptions;
}

/** CRIU's options from its configuration files, later files over earlier ones. */
export interface CriuOptions {
  readonly files: readonly { readonly path: string; readonly options: ReadonlyMap<string, string> }[];
  /** The value of an option and the file that it stands in; a switch has the value ''. */
  get(name: string): { readonly value: string; readonly path: string } | undefined;
}

const LIBRARIES = [
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib64',
] as const;

/** Looks for CRIU, its version and options, and with `check` runs `criu check` when this is our machine and we are root. */
export async function readCriu(
  host: HostRoot,
  runtime: RuntimeFacts,
  packages: ReadonlyMap<string, string> | undefined,
  options: { readonly check: boolean },
): Promise<CriuFacts> {
  const path = await runtimePath(host, runtime.kind);
  const program = await findProgram(host, 'criu', path.directories);
  const root = process.getuid?.() === 0;
  const runnable = program !== undefined && host.isThisMachine && program.obstacle === undefined;
  const version = runnable ? await programVersion(program.path) : undefined;
  const packaged = packages?.get('criu');
  return {
    program: program?.path,
    searched: `${path.directories.join(':')}, ${path.from}`,
    version: version ?? packaged,
    versionFrom:
      version !== undefined ? 'criu --version' : packaged !== undefined ? 'its package' : undefined,
    check: options.check && runnable && root ? await criuCheck(program.path) : undefined,
    notChecked: !host.isThisMachine
      ? 'programs of another root are not run'
      : program === undefined
        ? 'there is no criu to run'
        : program.obstacle !== undefined
          ? program.obstacle
          : root
            ? options.check
              ? undefined
              : 'it was not asked for'
            : 'it needs root',
    lowLevel: (await findProgram(host, runtime.low.binary, path.directories))?.path,
    library: await findLibrary(host),
    options: await readCriuOptions(host, runtime.low.name),
  };
}

async function programVersion(program: string): Promise<string | undefined> {
  const { stdout } = await attempt(program, ['--version']);
  return /Version:\s*(\S+)/.exec(stdout)?.[1];
}

async function criuCheck(program: string): Promise<CriuFacts['check']> {
  const { ok, stdout, stderr } = await attempt(program, ['check']);
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return { ok, said: lines.at(-1)?.trim() ?? '' };
}

/** Runs a program of this machine with a bare environment, for at most ten seconds. */
async function attempt(
  program: string,
  words: readonly string[],
): Promise<{ readonly ok: boolean; readonly stdout: string; readonly stderr: string }> {
  try {
    const { stdout, stderr } = await run(program, [...words], {
      timeout: 10_000,
      maxBuffer: 1 << 20,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      cwd: '/',
    });
    return { ok: true, stdout, stderr };
  } catch (error) {
    const said = (key: 'stdout' | 'stderr'): string =>
      error instanceof Error && key in error ? String(Reflect.get(error, key)) : '';
    return { ok: false, stdout: said('stdout'), stderr: said('stderr') };
  }
}

async function findLibrary(host: HostRoot): Promise<string | undefined> {
  for (const directory of LIBRARIES) {
    const path = `${directory}/libcriu.so.2`;
    if (await host.exists(path)) return path;
  }
  return undefined;
}

/**
 * Reads /etc/criu/default.conf, which CRIU itself always reads, and the file that the runtime names to CRIU: runc
 * names runc.conf; crun names crun.conf if there is one, else runc.conf (with CRIU 4.2 and later).
 */
async function readCriuOptions(host: HostRoot, lowLevel: string): Promise<CriuOptions> {
  const crun = lowLevel.includes('crun') && (await host.exists('/etc/criu/crun.conf'));
  const files: { readonly path: string; readonly options: ReadonlyMap<string, string> }[] = [];
  for (const path of ['/etc/criu/default.conf', crun ? '/etc/criu/crun.conf' : '/etc/criu/runc.conf']) {
    const text = await host.readText(path, 1 << 20);
    if (text.ok) files.push({ path, options: parseCriuConfig(text.value) });
  }
  return {
    files,
    get: (name) => {
      for (const { path, options } of files.toReversed()) {
        const value = options.get(name);
        if (value !== undefined) return { value, path };
      }
      return undefined;
    },
  };
}

/** Parses CRIU's configuration: one option a line, without dashes, a value behind it, `#` comments. */
export function parseCriuConfig(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    const match = /^(?:--)?([a-z][a-z0-9-]*)(?:[\s=]+(.*))?$/.exec(line);
    if (match?.[1] !== undefined) options.set(match[1], (match[2] ?? '').replace(/^"(.*)"$/, '$1'));
  }
  return options;
}

/** A size of CRIU's options in bytes: `10M`, `1048576`, `1g`. */
export function parseCriuSize(text: string): number | undefined {
  const match = /^(\d{1,15})([kKmMgG]?)$/.exec(text.trim());
  if (match === null) return undefined;
  const scale = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Number(match[1]) * scale;
}
