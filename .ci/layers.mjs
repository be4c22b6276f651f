// Each folder of src/ is a layer, and a layer knows only those listed for it. A relative import that goes any
// other way, and an import cycle between files, fails the lint.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const SRC = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '../src');

const READING = ['base', 'bytes', 'archive', 'criu', 'checkpoint', 'memory', 'recover', 'render'];
/** @type {Record<string, string[]>} layer -> the layers that it may import, itself apart */
const MAY_IMPORT = {
  base: [],
  render: ['base'],
  bytes: ['base'],
  archive: ['base', 'bytes'],
  criu: ['base', 'bytes', 'archive'],
  checkpoint: ['base', 'bytes', 'archive', 'criu'],
  memory: ['base', 'bytes', 'archive', 'criu', 'checkpoint'],
  recover: ['base', 'bytes', 'archive', 'criu', 'checkpoint', 'memory'],
  views: [...READING, 'seccomp'],
  seal: ['base', 'bytes', 'archive'],
  kubelet: ['base'],
  seccomp: ['base'], // what BPF and profiles mean, wherever they were found: on a node or in an archive
  node: ['base', 'kubelet', 'render', 'seccomp'],
  tui: [...READING, 'views'],
  cli: [...READING, 'views', 'seal', 'kubelet', 'seccomp', 'node', 'tui'],
};

const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

const layerOf = (file) => relative(SRC, file).split(sep)[0];
const problems = [];
/** @type {Map<string, string[]>} */
const graph = new Map();

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const targets = [];
  for (const match of text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)) {
    const target = resolve(dirname(file), match[1]).replace(/\.js$/, '');
    const found = [`${target}.ts`, `${target}.tsx`].find((name) => files.includes(name));
    if (!found) continue; // a missing file is the compiler's to report
    const [from, to] = [layerOf(file), layerOf(found)];
    if (from !== to && !(MAY_IMPORT[from] ?? []).includes(to)) {
      problems.push(
        `${relative(SRC, file)}: layer ${from} may not import ${relative(SRC, found)} (layer ${to})`,
      );
    }
    const statement = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
    const lazyOrType = match[0].startsWith('import(') || /^\s*(import|export) type\b/.test(statement);
    if (!lazyOrType) targets.push(found);
  }
  if (!(layerOf(file) in MAY_IMPORT)) problems.push(`${relative(SRC, file)}: unknown layer ${layerOf(file)}`);
  graph.set(file, targets);
}

const state = new Map();
const visit = (file, path) => {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(
      `import cycle: ${[...path.slice(path.indexOf(file)), file].map((f) => relative(SRC, f)).join(' > ')}`,
    );
    return;
  }
  state.set(file, 'open');
  for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
  state.set(file, 'done');
};
for (const file of files) visit(file, []);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`layers: ${files.length} files, imports go one way only`);
