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
    'mimic-fn',
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
  transform: (code, id) => {
    if (!id.endsWith('/commander/lib/command.js')) return null;
    const without = code.replace("require('node:child_process')", '{}');
    if (without === code) throw new Error('commander no longer loads node:child_process the way it did');
    return { code: without };
  },
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

/** What makes a bundle of a module; `plugins` first, so that they can keep modules out. */
const bundling = (input, plugins) => ({
  input,
  platform: 'node',
  // React's development build is for those who develop with it.
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  external: isPackage,
  plugins: [...plugins, withoutChildProcess, keepLocations],
  onLog: (level, log, handle) => {
    // Loading lazily what another command loads at once is meant.
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level, log);
  },
});
const writing = (format, extension) => ({
  dir: BUNDLE,
  format,
  // Names stay, for the stacks that --debug prints.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  entryFileNames: `[name].${extension}`,
  chunkFileNames: `[name]-[hash].${extension}`,
  codeSplitting: { groups },
});

async function write(input, plugins, format, extension) {
  const bundle = await rolldown(bundling(input, plugins));
  await bundle.write(writing(format, extension));
  await bundle.close();
}

/** Imports of some modules, given as the files they end up as, stay imports of those files. */
const keepOut = (files) => ({
  name: 'keep-out',
  resolveId: (id, importer) => {
    const file = importer !== undefined && id.startsWith('.') && files[resolve(dirname(importer), id)];
    return file ? { id: file, external: true } : null;
  },
});

/** What V8 has bytecode of cannot say `import()`: src/cli/start.cts says it instead. */
const importElsewhere = {
  name: 'import-elsewhere',
  renderChunk: (code) => code.replace(/\bimport\((?=[`'"])/g, 'importModule('),
};

// CommonJS starts faster than ES modules, and V8 takes its bytecode from a file. The terminal UI cannot be CommonJS,
// as what it is drawn with waits for WebAssembly when it is loaded: it is a bundle of its own, that shares with the
// first what there must be one of.
const browse = { [resolve(DIST, 'cli/browse.js')]: './browse.mjs' };
const shared = ['base/errors', 'cli/interrupt'].map((name) => ({
  module: resolve(DIST, `${name}.js`),
  name: name.replace('/', '-'),
}));
await write(
  {
    main: resolve(DIST, 'cli/main.js'),
    ...Object.fromEntries(shared.map(({ name, module }) => [name, module])),
  },
  [keepOut(browse), importElsewhere],
  'cjs',
  'cjs',
);
await write(
  { browse: resolve(DIST, 'cli/browse.js') },
  [keepOut(Object.fromEntries(shared.map(({ name, module }) => [module, `./${name}.cjs`])))],
  'esm',
  'mjs',
);
