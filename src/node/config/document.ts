import { type Document, isScalar, parseDocument, type Tags, visit } from 'yaml';
import { FormatError } from '../../base/errors.js';
import { JSON_LIMITS, type JsonValue, plainJson } from '../../base/json.js';
import { requireShallowYaml } from '../../base/yaml-depth.js';

/** Nesting that no kubelet configuration comes near; deeper documents are refused. */
const LIMITS = { ...JSON_LIMITS, depth: 64 };
/**
 * Characters of a document at most. Real ones have some thousands; the YAML parser takes some hundred bytes of memory
 * for each character of a hostile one.
 */
const MAX_LENGTH = 256 << 10;
/** YAML 1.1 types that Go's decoder does not have: `12:30` stays text there, and so it does here. */
const NOT_IN_GO = /:(timestamp|binary|omap|pairs|set)$/;

/**
 * Parses one YAML or JSON document as the kubelet's decoder (sigs.k8s.io/yaml over go-yaml v2) does: YAML 1.1
 * scalars (`yes`, `on` and `off` are booleans), keys as text, duplicate keys refused. Throws a FormatError that
 * names `where`.
 */
export function parseConfigText(where: string, source: string): JsonValue {
  if (source.length > MAX_LENGTH) {
    throw new FormatError(where, undefined, `more than ${MAX_LENGTH} characters, so no configuration`);
  }
  requireShallowYaml(where, source);
  let value: unknown;
  try {
    const parsed = parseDocument(source, {
      version: '1.1',
      customTags: (tags: Tags) =>
        tags.filter(
          (tag) =>
            typeof tag === 'string' ||
            !(NOT_IN_GO.test(tag.tag) || ('format' in tag && tag.format === 'TIME')),
        ),
      uniqueKeys: false, // the parser compares each key with every other; see below
      prettyErrors: false,
      logLevel: 'silent',
    });
    const problem = parsed.errors[0];
    if (problem !== undefined)
      throw new FormatError(where, problem.pos[0], problem.message.split('\n')[0] ?? '');
    const twice = repeatedKey(parsed);
    if (twice !== undefined) throw new FormatError(where, twice, 'Map keys must be unique');
    value = parsed.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(where, undefined, 'not valid YAML or JSON', { cause: error });
  }
  return plainJson(where, value, LIMITS);
}

/** Where the first key stands that its map has already; undefined when there is none. */
function repeatedKey(parsed: Document.Parsed): number | undefined {
  let found: number | undefined;
  visit(parsed, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) {
          found = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
          return visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return found;
}
