// Makes src/views/registry.ts of the files beside it: a file there that exports a View or a Question is in it, without
// another word anywhere. The lines stay in the order in which they are, a new one comes last. With --check nothing is
// written, and a registry that is not what the files say is an error. Another folder than src/views can be named.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src/views');
const BIOME = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));

/** What the registry has of a question; these are read, not run, so they must stand in the file as they are. */
const COPIED = ['summary', 'tab'];

class Mistake extends Error {}

/** The value of a literal: text, a number, a truth value, or a list or an object of such. */
function literal(node, where) {
  if (node.type === 'Literal') return node.value;
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  if (node.type === 'ArrayExpression') return node.elements.map((element) => literal(element, where));
  if (node.type === 'ObjectExpression') return Object.fromEntries(members(node, where));
  throw new Mistake(`${where} must be written out, as the registry is made without running the file`);
}

function members(node, where) {
  return node.properties.map((property) => [nameOf(property), literal(property.value, where)]);
}

const nameOf = ({ key }) => key?.name ?? key?.value;

/** The questions that a module exports: `export const psView: View<PsRow> = { ... }`. */
function questionsIn(file, text) {
  const { body } = parseAst(text, { lang: 'ts' });
  const declared = body.flatMap((statement) =>
    statement.type === 'ExportNamedDeclaration' ? (statement.declaration?.declarations ?? []) : [],
  );
  return declared.flatMap(({ id, init }) => {
    const kind = id.typeAnnotation?.typeAnnotation?.typeName?.name;
    if ((kind !== 'View' && kind !== 'Question') || init?.type !== 'ObjectExpression') return [];
    const own = init.properties.filter((property) => ['name', ...COPIED].includes(nameOf(property)));
    const said = Object.fromEntries(
      own.map((property) => [nameOf(property), literal(property.value, `${file}: ${nameOf(property)}`)]),
    );
    const expected = file.replace(/\.ts$/, '').replaceAll('-', ' ');
    if (said.name !== expected) throw new Mistake(`${file}: a question in this file is called ${expected}`);
    return [{ file, kind, constant: id.name, ...said }];
  });
}

function entry({ name, file, constant, ...said }) {
  const copied = COPIED.filter((key) => said[key] !== undefined).map(
    (key) => `${key}: ${JSON.stringify(said[key])},`,
  );
  const module = file.replace(/\.ts$/, '.js');
  const load = `load: async () => (await import('./${module}')).${constant},`;
  return `${JSON.stringify(name)}: { ${[...copied, load].join(' ')} },`;
}

/** The registry's text, of all files of the folder. */
function registry(folder, order) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'registry.ts');
  const found = files.flatMap((file) => {
    const questions = questionsIn(file, readFileSync(join(folder, file), 'utf8'));
    if (questions.length > 1) throw new Mistake(`${file}: one question a file`);
    return questions;
  });
  const rank = ({ file }) => (order.includes(file) ? order.indexOf(file) : order.length);
  found.sort((a, b) => rank(a) - rank(b) || a.file.localeCompare(b.file));
  const list = (kind) =>
    found
      .filter((question) => question.kind === kind)
      .map(entry)
      .join('\n');
  return `// Made by .ci/questions.mjs, a part of the build, of the files beside it; of the lines here only the order is yours.
import type { AnyQuestion, QuestionEntry, ViewEntry } from './view.js';

/** Every view of one checkpoint by its name, in the order in which they are offered. Loaded when asked for. */
export const VIEWS = {
${list('View')}
} as const satisfies Readonly<Record<string, ViewEntry>>;

/** Every other question: those that are asked with more than a checkpoint have commands of their own. */
export const QUESTIONS = {
${list('Question')}
} as const satisfies Readonly<Record<string, QuestionEntry<AnyQuestion>>>;
`;
}

function formatted(text) {
  const words = [BIOME, 'format', `--stdin-file-path=${join(SRC, 'registry.ts')}`];
  return execFileSync(process.execPath, words, { cwd: ROOT, input: text, encoding: 'utf8' });
}

function run(folder, checking) {
  const path = join(folder, 'registry.ts');
  const before = readFileSync(path, 'utf8');
  const order = [...before.matchAll(/import\('\.\/(.+?)\.js'\)/g)].map(([, name]) => `${name}.ts`);
  const after = formatted(registry(folder, order));
  if (after === before) return;
  if (checking) throw new Mistake(`${path} is not what the files beside it say: npm run build`);
  writeFileSync(path, after);
}

try {
  const [folder = SRC] = process.argv.slice(2).filter((word) => word !== '--check');
  run(folder, process.argv.includes('--check'));
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
