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
  views: ['cli/view-command.js', 'views/show.js', 'views/ps.js'],
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
    return { code: replaced(code, "require('node:child_process')", '{}') };
  },
};

/**
 * The bundle is CommonJS: on Node 20 that starts 15 ms sooner than ES modules do. What Ink is drawn with waits for
 * WebAssembly when it is loaded, which CommonJS cannot: here it exports when it is `ready`, and src/tui/main.tsx waits.
 */
const withoutWaiting = {
  name: 'without-waiting',
  transform: (code, id) => {
    if (id.endsWith('/yoga-layout/dist/src/index.js')) {
      return {
        code: replaced(code, 'const Yoga = wrapAssembly(await loadYoga());\nexport default Yoga;', YOGA),
      };
    }
    if (id.endsWith('/ink/build/index.js')) return { code: `${code}\nexport { ready } from 'yoga-layout';` };
    if (!id.endsWith('/ink/build/reconciler.js')) return null;
    // for its developer tools, which are used only when DEV is set
    const without = replaced(code, "await import('./devtools.js');", '');
    return { code: replaced(without, 'await loadPackageJson()', '{}') };
  },
};
const YOGA = `let Yoga;
export const ready = loadYoga().then((library) => { Yoga = wrapAssembly(library); });
export { Yoga as default };`;

function replaced(code, from, to) {
  const changed = code.replace(from, to);
  if (changed === code) throw new Error(`a package no longer says ${from}`);
  return changed;
}

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
  input: { main: resolve(DIST, 'cli/main.js') },
  platform: 'node',
  // React's development build is for those who develop with it.
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  external: isPackage,
  plugins: [withoutWaiting, withoutChildProcess, keepLocations],
  onLog: (level, log, handle) => {
    // Loading lazily what another command loads at once is meant.
    if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level, log);
  },
});
await bundle.write({
  dir: BUNDLE,
  format: 'cjs',
  // Names stay, for the stacks that --debug prints.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
  codeSplitting: { groups },
});
await bundle.close();
