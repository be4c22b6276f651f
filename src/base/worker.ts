/**
 * The URL to start a worker thread from. Workers need compiled code: running from `src` (as the tests do), the
 * file's compiled twin under `dist` is used, so build first.
 *
 * @param caller - `import.meta.url` of the module that starts the worker
 * @param relative - the worker's compiled file relative to the caller, such as `./compress-worker.js`
 */
export function workerUrl(caller: string, relative: string): URL {
  const url = new URL(relative, caller);
  if (caller.endsWith('.ts')) url.pathname = url.pathname.replace(/^(.*)\/src\//, '$1/dist/');
  return url;
}
