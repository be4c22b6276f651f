// What bin/coldcase.js starts. The bundle is CommonJS, and loaded here rather than by `require`, for one reason: V8
// is handed the bytecode that the build kept beside each file (`.cache`), and does not compile it again. Bytecode
// that another version of node or another flag made is refused by V8, and the source compiled as usual.
import fs = require('node:fs');
import Module = require('node:module');
import path = require('node:path');
import url = require('node:url');
import vm = require('node:vm');
import debugging = require('./no-debugger.cjs');

const BUNDLE = path.resolve(__dirname, '../bundle');

/** What a module is given by node, and the last of ours: see .ci/bundle.mjs. */
const PARAMETERS = 'exports, require, module, __filename, __dirname, importModule';

/** What was compiled, by file: the build takes the bytecode from here, after a run. */
const scripts = new Map<string, vm.Script>();

/** The bytecode's place. */
const cacheOf = (file: string): string => `${file}.cache`;

/** Loads a file of the bundle, once; what it requires in turn is of the bundle, of node, or of a package. */
function load(file: string): unknown {
  const known = require.cache[file];
  if (known !== undefined) return known.exports;
  const module = new Module(file);
  module.filename = file;
  // there for modules that are loaded by node and import this one
  require.cache[file] = module;
  const run: unknown = compile(file).runInThisContext();
  if (typeof run !== 'function') throw new TypeError(`${file} is no module`);
  const requireFrom = (id: string): unknown =>
    id.startsWith('./') ? load(path.join(BUNDLE, id)) : require(id);
  run.call(module.exports, module.exports, requireFrom, module, file, BUNDLE, importModule);
  module.loaded = true;
  return module.exports;
}

/** Loads an ES module: a file of the bundle, or a package. */
function importModule(id: string): Promise<unknown> {
  return import(id.startsWith('./') ? url.pathToFileURL(path.join(BUNDLE, id)).href : id);
}

function compile(file: string): vm.Script {
  const source = fs.readFileSync(file, 'utf8');
  const script = new vm.Script(`(function (${PARAMETERS}) {${source}\n})`, {
    filename: file,
    cachedData: fs.existsSync(cacheOf(file)) ? fs.readFileSync(cacheOf(file)) : undefined,
  });
  scripts.set(file, script);
  return script;
}

/** Runs the command line. */
function start(): void {
  debugging.keepDebuggerShut();
  load(path.join(BUNDLE, 'main.cjs'));
}

export = { start, scripts, cacheOf };
