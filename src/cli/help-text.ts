/**
 * Fits the text below a command's options to a terminal: prose is filled again, a row of a list of names goes on
 * below its second column. What is indented otherwise stays as it is: examples are to be copied, shapes to be seen.
 * Text that fits stays as it was written.
 *
 * @param width - of the terminal, in columns
 */
export function fitHelp(text: string, width: number): string {
  const fitted: string[] = [];
  let prose: string[] = [];
  const flush = (): void => {
    fitted.push(...(prose.some((line) => line.length > width) ? fill(prose.join(' '), width, '') : prose));
    prose = [];
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      prose.push(line);
      continue;
    }
    flush();
    const [row, name = ''] = /^( {2}\S+ {2,})\S/.exec(line) ?? [];
    if (row === undefined || line.length <= width) fitted.push(line);
    else fitted.push(...fill(line.slice(name.length), width, ' '.repeat(name.length), name));
  }
  flush();
  return fitted.join('\n');
}

function fill(text: string, width: number, indent: string, first = indent): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    const begun = line.length > indent.length;
    if (begun && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line += begun ? ` ${word}` : word;
  }
  return [...lines, line];
}
