import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { FailedError, FormatError, NotFoundError, UsageError } from '../base/errors.js';
import { JSON_LIMITS, type JsonObject, type JsonValue, plainJson } from '../base/json.js';
import { isObject, list, object, text } from '../base/json-fields.js';
import { requireShallowYaml } from '../base/yaml-depth.js';
import { readNamedFile } from './read-file.js';

const LONGEST = 4 << 20;
/** As many as there can be in a file of that size. */
const LIMITS = { ...JSON_LIMITS, values: 2_000_000 };

/** A cluster or a user of a kubeconfig, as its file has it (client-go, tools/clientcmd/api/v1/types.go). */
export interface Entry {
  readonly name: string;
  readonly fields: JsonObject;
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
  const entries = {
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
  };
  let current = '';
  const read: string[] = [];
  let missing: NotFoundError | undefined;
  for (const file of files) {
    try {
      const document = parseFile(file, await readNamedFile(file, 'kubeconfig', signal, LONGEST));
      remember(entries.clusters, document['clusters'], 'cluster', file);
      remember(entries.users, document['users'], 'user', file);
      remember(entries.contexts, document['contexts'], 'context', file);
      current ||= text(document, 'current-context') ?? '';
      read.push(file);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing ??= error;
    }
  }
  if (read.length === 0 && missing) throw missing;
  const { name, fields: of } = pick(entries.contexts, context ?? current);
  return {
    context: name,
    cluster: named(entries.clusters, text(of, 'cluster') ?? '', `context ${name} names a cluster`),
    user: named(entries.users, text(of, 'user') ?? '', `context ${name} names a user`),
    files: read,
  };
}

function parseFile(file: string, content: string): JsonObject {
  let document: JsonValue;
  try {
    requireShallowYaml(file, content);
    document = plainJson(file, parse(content), LIMITS);
  } catch (cause) {
    // a YAML error quotes the line, which may hold a token; the parser's own words are in its first line
    if (cause instanceof FormatError)
      throw notOne(file, 'it nests too deep, or an alias in it leads back to where it stands');
    throw notOne(file, cause instanceof Error ? cause.name : 'no YAML');
  }
  if (!isObject(document)) throw notOne(file, 'it holds no fields');
  return document;
}

function notOne(file: string, why: string): FailedError {
  return new FailedError(`${file} is no kubeconfig: ${why}`, {
    remedy: 'kubectl config view --kubeconfig FILE shows how kubectl reads it',
  });
}

/** Entries that make no sense are passed over: they matter only when they are the ones that are wanted. */
function remember(
  into: Map<string, Entry>,
  entries: JsonValue | undefined,
  kind: string,
  file: string,
): void {
  for (const one of list(entries)) {
    const name = text(one, 'name');
    if (name !== undefined && !into.has(name)) into.set(name, { name, fields: object(one, kind), file });
  }
}

function pick(contexts: ReadonlyMap<string, Entry>, name: string): Entry {
  const known = [...contexts.keys()].join(', ');
  if (name === '') {
    throw new UsageError('the kubeconfig names no current context', {
      remedy: known === '' ? 'it has none at all' : `name one by --context: ${known}`,
    });
  }
  const found = contexts.get(name);
  if (found) return found;
  throw new NotFoundError(`the kubeconfig has no context ${name}`, {
    remedy: `it has: ${known || 'none'}`,
  });
}

function named(entries: Map<string, Entry>, name: string, what: string): Entry {
  const entry = entries.get(name);
  if (entry) return entry;
  throw new FailedError(`${what} that the kubeconfig does not hold`, {
    remedy: `it has: ${[...entries.keys()].join(', ') || 'none'}`,
  });
}
