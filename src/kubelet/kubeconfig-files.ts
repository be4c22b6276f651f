import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { FailedError, NotFoundError, UsageError } from '../base/errors.js';
import { type Fields, fields, list, text } from './json.js';
import { readNamedFile } from './read-file.js';

const LONGEST = 4 << 20;

/** A cluster or a user of a kubeconfig, as its file has it (client-go, tools/clientcmd/api/v1/types.go). */
export interface Entry {
  readonly name: string;
  readonly fields: Fields;
  /** The file that it comes from; relative paths in it are relative to that file's directory. */
  readonly file: string;
}

/** The context that is meant, with what it names. */
export interface ChosenContext {
  readonly context: string;
  readonly cluster: Entry;
  readonly user: Entry;
  readonly files: readonly string[];
}

/** The files that kubectl would read: $KUBECONFIG (several, separated by `:`), otherwise ~/.kube/config. */
export function defaultKubeconfigs(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((name) => name !== '');
  return named.length > 0 ? [...new Set(named)] : [join(homedir(), '.kube', 'config')];
}

/** The path as a file of the same directory would mean it. */
export function besideFile(entry: Entry, path: string): string {
  return resolve(dirname(entry.file), path);
}

/**
 * Reads kubeconfig files and picks a context out of them. With several files the first that holds an entry of a name
 * wins, whole, and so does the first that names a current context; those that do not exist are passed over as long
 * as one does (client-go, tools/clientcmd/loader.go).
 *
 * @param context - its name; the current one when undefined
 * @throws UsageError, NotFoundError, DeniedError, FailedError
 */
export async function chooseContext(
  files: readonly string[],
  context?: string,
  signal?: AbortSignal,
): Promise<ChosenContext> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const merged = new KubeConfig();
  merged.loadFromOptions({ clusters: [], users: [], contexts: [], currentContext: '' });
  const entries = { clusters: new Map<string, Entry>(), users: new Map<string, Entry>() };
  const read: string[] = [];
  let missing: NotFoundError | undefined;
  for (const file of files) {
    try {
      const document = fields(parseFile(file, await readNamedFile(file, 'kubeconfig', signal, LONGEST)));
      remember(entries.clusters, document['clusters'], 'cluster', file);
      remember(entries.users, document['users'], 'user', file);
      const one = new KubeConfig();
      // entries that make no sense matter only when they are the ones that are wanted
      one.loadFromString(asJson(file, { ...document, clusters: [], users: [] }), {
        onInvalidEntry: 'filter',
      });
      mergeContexts(merged, one);
      read.push(file);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing ??= error;
    }
  }
  if (read.length === 0 && missing) throw missing;
  const { name, cluster, user } = pick(merged, context);
  return {
    context: name,
    cluster: named(entries.clusters, cluster, `context ${name} names a cluster`),
    user: named(entries.users, user, `context ${name} names a user`),
    files: read,
  };
}

function parseFile(file: string, content: string): unknown {
  let document: unknown;
  try {
    document = parse(content);
  } catch (cause) {
    // a YAML error quotes the line, which may hold a token; the parser's own words are in its first line
    throw notOne(file, cause instanceof Error ? cause.name : 'no YAML');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw notOne(file, 'it holds no fields');
  }
  return document;
}

/** An alias of YAML may lead to what it is in. */
function asJson(file: string, document: Fields): string {
  try {
    return JSON.stringify(document);
  } catch {
    throw notOne(file, 'an alias in it leads back to where it stands');
  }
}

function notOne(file: string, why: string): FailedError {
  return new FailedError(`${file} is no kubeconfig: ${why}`, {
    remedy: 'kubectl config view --kubeconfig FILE shows how kubectl reads it',
  });
}

function remember(into: Map<string, Entry>, entries: unknown, kind: string, file: string): void {
  for (const one of list(entries).map(fields)) {
    const name = text(one['name']);
    if (name !== undefined && !into.has(name)) into.set(name, { name, fields: fields(one[kind]), file });
  }
}

function mergeContexts(merged: KubeConfig, more: KubeConfig): void {
  for (const one of more.getContexts()) if (!merged.getContextObject(one.name)) merged.addContext(one);
  if (!merged.getCurrentContext() && more.getCurrentContext())
    merged.setCurrentContext(more.getCurrentContext());
}

function pick(
  config: KubeConfig,
  context: string | undefined,
): { name: string; cluster: string; user: string } {
  const name = context ?? config.getCurrentContext();
  const known = config.getContexts().map((one) => one.name);
  if (name === '') {
    throw new UsageError('the kubeconfig names no current context', {
      remedy: known.length === 0 ? 'it has none at all' : `name one by --context: ${known.join(', ')}`,
    });
  }
  const found = config.getContextObject(name);
  if (!found) {
    throw new NotFoundError(`the kubeconfig has no context ${name}`, {
      remedy: `it has: ${known.join(', ') || 'none'}`,
    });
  }
  return { name, cluster: found.cluster, user: text(found.user) ?? '' };
}

function named(entries: Map<string, Entry>, name: string, what: string): Entry {
  const entry = entries.get(name);
  if (entry) return entry;
  throw new FailedError(`${what} that the kubeconfig does not hold`, {
    remedy: `it has: ${[...entries.keys()].join(', ') || 'none'}`,
  });
}
