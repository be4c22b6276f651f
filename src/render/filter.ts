import { UsageError } from '../base/errors.js';
import { spellings } from '../base/spelling.js';
import { type JsonValue, plainText, type Row } from './table.js';

type Operator = '=' | '!=' | '~' | '!~';

/** One `--filter`: a field, a comparison, and what it is compared with. */
export interface Filter {
  readonly field: string;
  matches(row: Row): boolean;
}

const SHAPE = /^([A-Za-z][A-Za-z0-9_]*)(!=|!~|=|~)(.*)$/s;

/**
 * Parses `field=value`, `field!=value`, `field~regex` or `field!~regex`. A list matches when one of its items
 * does; an object is compared as its JSON text; null is the empty text.
 *
 * @throws UsageError when the text has no such shape, or the regular expression is none
 */
export function parseFilter(text: string): Filter {
  const match = SHAPE.exec(text);
  const [, field, operator, value] = match ?? [];
  if (field === undefined || value === undefined || !isOperator(operator)) {
    throw new UsageError(`not a filter: ${text}`, {
      remedy: 'write field=value, field!=value, field~regex or field!~regex',
    });
  }
  const test = operator === '~' || operator === '!~' ? matcher(value) : equals(value);
  const negated = operator === '!=' || operator === '!~';
  return { field, matches: (row) => candidates(row[field]).some(test) !== negated };
}

/**
 * The rows that all filters let through.
 *
 * @param fields - the names that a filter may use
 * @throws UsageError when a filter names a field that the rows do not have
 */
export function applyFilters<R extends Row>(
  rows: readonly R[],
  filters: readonly Filter[],
  fields: readonly string[],
): readonly R[] {
  for (const { field } of filters) {
    if (!fields.includes(field)) {
      throw new UsageError(`there is no field named ${field}`, { remedy: `fields: ${fields.join(', ')}` });
    }
  }
  return filters.length === 0 ? rows : rows.filter((row) => filters.every((filter) => filter.matches(row)));
}

function candidates(value: JsonValue | undefined): string[] {
  if (Array.isArray(value)) return value.map(plainText);
  return [plainText(value)];
}

/** Whether a text is what was written: as it stands, or as tables and JSON print it. */
function equals(value: string): (text: string) => boolean {
  const meant = spellings(value);
  return (text) => meant.includes(text);
}

function matcher(pattern: string): (text: string) => boolean {
  try {
    const regex = new RegExp(pattern, 'su');
    return (text) => regex.test(text);
  } catch (error) {
    throw new UsageError(`not a regular expression: ${pattern}`, {
      remedy: 'the syntax is that of JavaScript',
      cause: error,
    });
  }
}

function isOperator(text: string | undefined): text is Operator {
  return text === '=' || text === '!=' || text === '~' || text === '!~';
}
