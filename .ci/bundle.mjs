// Joins the compiled modules that the command line loads into few files under dist/bundle/: node takes longer to
// find and link a hundred small modules than most commands take to answer. What every reading command needs are two
// files; every other command is a file that is loaded when it is asked for. Worker threads and the tests use the
// compiled modules as they are.
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const DIST = resolve(import.meta.dirname, '../dist');
const BUNDLE = resolve(DIST, 'bundle');
const INK = resolve(import.meta.dirname, '../node_modules/ink/package.json');
/** Packages of many small modules that answers wait for are taken in; all others stay packages. */
const TAKEN_IN = /^(commander|@bufbuild\/protobuf|age-encryption|@noble|@scure)(\/|$)/;
/**
 * What the terminal UI is drawn with, taken in as well: one file instead of six hundred, of which hardly any are
 * used. Ink's developer tools, which it loads only when DEV is set, stay out.
 */
const TERMINAL_UI = [
  ...['ink', 'react', ...Object.keys(JSON.parse(readFileSync(INK, 'utf8')).dependencies)],
  ...['ansi-regex', 'strip-ansi', 'emoji-regex', 'get-east-asian-width', 'is-fullwidth-code-point'],
  ...[
    'environment',
    'restore-cursor',
    'onetime',
    'mimic-function',
    'convert-to-spaces',
    'escape-string-regexp',
  ],
].filter((name) => name !== 'ws');
/** What these import, lazily loaded modules apart, goes into one file each; what both need into the first. */
const GROUPS = {
  start: ['cli/main.js', 'cli/ls.js', 'archive/open.js'],
  views: ['cli/show.js', 'cli/ps.js'],
  inspect: ['cli/inspect.js'],
};

/** The package of an import: `ink` of `ink/build/index.js`, `@scope/name` of `@scope/name/file`. */
const packageOf = (id) => /^(@[^/]+\/)?[^/]+/.exec(id)?.[0];
const isPackage = (id) => /^[^#./\0]/.test(id) && !TAKEN_IN.test(id) && !TERMINAL_UI.includes(packageOf(id));

/** The modules of ours that a module imports statically, itself included. */
function closure(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const match of readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*'(\.[^']+)'/g)) {
    closure(resolve(dirname(file), match[1]), found);
  }
  return found;
}
const groups = Object.entries(GROUPS).map(([name, files], at, { length }) => {
  const modules = new Set(files.flatMap((file) => [...closure(resolve(DIST, file))]));
  return { name, priority: length - at, test: (id) => modules.has(id) };
});

/** commander can run subcommands that are programs of their own; ours are not, and node:child_process is slow to load. */
const withoutChildProcess = {
  name: 'without-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/commander/') ? '\0no-programs' : null,
  load: (id) =>
    id === '\0no-programs' ? "export const spawn = () => { throw new Error('not supported'); };" : null,
};

/** A module still knows where it was compiled to: its workers and the package's files are found from there. */
const keepLocations = {
  name: 'keep-locations',
  transform: (code, id) => {
    if (!code.includes('import.meta.url') || !id.startsWith(DIST)) return null;
    const url = `new URL(${JSON.stringify(relative(BUNDLE, id))}, import.meta.url).href`;
    return { code: code.replaceAll('import.meta.url', url) };
  },
};

const bundle = await rolldown({
  input: resolve(DIST, 'cli/main.js'),
  platform: 'node',
  // React's development build is for those who develop with it.
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  external: isPackage,
  plugins: [withoutChildProcess, keepLocations],
  onLog: (level, log, handle) => {
    // Loading lazily what another command loads at once is meant.
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level, log);
  },
});
await bundle.write({
  dir: BUNDLE,
  format: 'esm',
  // Names stay, for the stacks that --debug prints.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  chunkFileNames: '[name]-[hash].js',
  codeSplitting: { groups },
});
await bundle.close();
