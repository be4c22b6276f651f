import type { AnyFieldColumn, AnyQuestion } from '../views/view.js';

/** The end of a question's help: what it says of itself, its fields, examples to copy. */
export function questionHelp(
  { about, columns, examples }: AnyQuestion,
  heading = 'Fields (--json, --filter, --columns):',
): string {
  const parts = [
    ...(about === undefined ? [] : [about]),
    fieldsHelp(columns, heading),
    examplesHelp(examples),
  ];
  return `\n${parts.join('\n\n')}`;
}

function fieldsHelp(columns: readonly AnyFieldColumn[], heading: string): string {
  const widest = Math.max(...columns.map(({ key }) => key.length));
  return [heading, ...columns.map(({ key, about }) => `  ${key.padEnd(widest)}  ${about}`)].join('\n');
}

export function examplesHelp(examples: readonly string[]): string {
  return ['Examples:', ...examples.map((example) => `  ${example}`)].join('\n');
}
