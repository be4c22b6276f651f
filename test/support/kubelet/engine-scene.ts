import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedEngineOptions, embeddedEngine } from '../../../src/kubelet/embedded/engine.js';
import { type FakeContainer, type FakeOptions, fakeContainer } from '../cgroups.js';
import { coldcase, type Finished, type RunOptions } from '../coldcase.js';
import { emptyHost } from '../hosts.js';
import { NAME, recipient, type Scene, TAR, TARGET } from './capture-scene.js';

/** The ID that the embedded kubelet tells of a container of that name. */
export const idOf = (name: string): string => Buffer.from(name.padEnd(32, '.')).toString('hex');

/** A node below a root of its own, with the container `cache` running under an engine. */
export interface EngineScene {
  readonly root: string;
  readonly container: FakeContainer;
  capture(words?: readonly string[], options?: RunOptions): Promise<Finished>;
}

/** Puts an engine below the scene's kubelet, until the next one. */
export async function engineScene(
  scene: Scene,
  engine: Partial<EmbeddedEngineOptions> = {},
  cgroup: Partial<FakeOptions> = {},
): Promise<EngineScene> {
  const root = await emptyHost();
  const container = fakeContainer(root, { id: idOf('cache'), version: 2, ...cgroup });
  scene.kubelet.state.checkpoint = embeddedEngine({
    kind: 'containerd',
    id: idOf,
    freezer: (name) => (name === 'cache' ? container : undefined),
    write: (_namespace, _pod, name, truncated) => {
      const path = join(scene.kubelet.checkpoints, NAME(name));
      writeFileSync(path, truncated ? TAR.subarray(0, TAR.length / 2) : TAR, { mode: 0o600 });
      return path;
    },
    ...engine,
  });
  const words = () => ['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', scene.out, '--force'];
  return {
    root,
    container,
    capture: (more = [], options = {}) => coldcase([...words(), '--host-root', root, ...more], options),
  };
}
