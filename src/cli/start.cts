// What bin/coldcase.js starts: what has to be so before anything else is loaded, then the command line.
import fs = require('node:fs');
import nodeModule = require('node:module');
import os = require('node:os');
import path = require('node:path');
import debugging = require('./no-debugger.cjs');

/** Where bytecode is kept: below the user's home, and nowhere where somebody else could put some that would be run. */
function bytecodeDirectory(): string | undefined {
  const home = os.homedir();
  try {
    // sudo can leave HOME as it was
    if (fs.statSync(home).uid !== process.geteuid?.()) return undefined;
  } catch {
    return undefined; // no home: nothing is kept
  }
  return path.join(home, '.cache', 'coldcase');
}

/** Has node (22.1 and later) keep the bytecode of what it compiles, so that the next start need not compile it. */
function keepBytecode(): void {
  if (!('enableCompileCache' in nodeModule) || typeof nodeModule.enableCompileCache !== 'function') return;
  const directory = bytecodeDirectory();
  if (directory !== undefined) nodeModule.enableCompileCache(directory);
}

/** Runs the command line. */
function start(): void {
  debugging.keepDebuggerShut();
  keepBytecode();
  require('../bundle/main.cjs');
}

export = { start };
