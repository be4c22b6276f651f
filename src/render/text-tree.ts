import { escapeText } from './escape.js';
import type { TreeNode } from './table.js';

/** Branches nested deeper than this are drawn at this depth: a chain of a million processes must not fill the memory. */
const DEEPEST = 64;

/** A tree drawn with lines, one label a line, every label escaped. Of any depth: it does not recurse. */
export function renderTextTree(roots: readonly TreeNode[]): string {
  const lines: string[] = [];
  const stack = roots.map((node) => ({ node, lead: '', rest: '' })).reverse();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node, lead, rest } = at;
    lines.push(lead + escapeText(node.label));
    for (let index = node.children.length - 1; index >= 0; index -= 1) {
      const child = node.children[index];
      if (child === undefined) continue;
      const last = index === node.children.length - 1;
      stack.push({
        node: child,
        lead: rest + (last ? '└── ' : '├── '),
        rest: rest.length >= DEEPEST * 4 ? rest : rest + (last ? '    ' : '│   '),
      });
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
