import { UsageError } from '../base/errors.js';
import type { JsonValue } from '../base/json.js';
import { spellings } from '../base/spelling.js';
import { EXPRESSION_TEXT, EXPRESSION_TIME, TimeLimit, tooSlow } from '../base/time-limit.js';
import { plainText, type Row } from './table.js';

type Operator = '=' | '!=' | '~' | '!~';

/** One `--filter`: a field, a comparison, and what it is compared with. */
export interface Filter {
  readonly field: string;
  /** The regular expression as it was written; undefined for other comparisons. */
  readonly expression: string | undefined;
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
  const isExpression = operator === '~' || operator === '!~';
  const test = isExpression ? matcher(value) : equals(value);
  const negated = operator === '!=' || operator === '!~';
  const expression = isExpression ? value : undefined;
  return { field, expression, matches: (row) => candidates(row[field]).some(test) !== negated };
}

/**
 * The rows that all filters let through.
 *
 * @param fields - the names that a filter may use
 * @throws UsageError when a filter names a field that the rows do not have; FailedError when an expression takes too
 * long
 */
export function applyFilters<R extends Row>(
  rows: readonly R[],
  filters: readonly Filter[],
  fields: readonly string[],
): readonly R[] {
  return drain(filterRows(rows, filters, fields));
}

/** What work comes to that nobody stops. */
export function drain<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** As {@link applyFilters}, a megabyte of text at a time: whoever drives it can stop it in between. */
export function* filterRows<R extends Row>(
  rows: readonly R[],
  filters: readonly Filter[],
  fields: readonly string[],
): Generator<void, readonly R[]> {
  for (const { field } of filters) {
    if (!fields.includes(field)) {
      throw new UsageError(`there is no field named ${field}`, { remedy: `fields: ${fields.join(', ')}` });
    }
  }
  let left = rows;
  for (const filter of filters) {
    if (filter.expression === undefined) left = left.filter((row) => filter.matches(row));
    else left = yield* matching(left, filter, filter.expression);
  }
  return left;
}

/** The rows that an expression lets through, found under a time limit. */
function* matching<R extends Row>(
  rows: readonly R[],
  filter: Filter,
  expression: string,
): Generator<void, readonly R[]> {
  const limit = new TimeLimit(EXPRESSION_TIME);
  const kept: R[] = [];
  for (let at = 0; at < rows.length; ) {
    let size = 0;
    const ended = limit.run(() => {
      for (; at < rows.length && size < EXPRESSION_TEXT; at += 1) {
        const row = rows[at];
        if (row === undefined) continue;
        size += sizeOf(row[filter.field]);
        if (filter.matches(row)) kept.push(row);
      }
    });
    yield;
    if (!ended) throw tooSlow(expression);
  }
  return kept;
}

/** Characters that an expression is tried on, about. */
function sizeOf(value: JsonValue | undefined): number {
  return candidates(value).reduce((sum, text) => sum + text.length + 16, 0);
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
