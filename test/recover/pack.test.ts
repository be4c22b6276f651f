import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/archive/tar-budget.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { directoriesOf, FreePaths } from '../../src/recover/free-paths.js';
import { packObject, placeObjects } from '../../src/recover/pack.js';
import type { Recovered } from '../../src/recover/recovered.js';

function object(path: string, more: Partial<Recovered> = {}): Recovered {
  return {
    ...{ kind: 'deleted-file', name: `/${path}`, size: 3, mode: 0o644, owner: { uid: 1, gid: 2 }, mtime: 5 },
    ...{ holders: [], image: 'checkpoint/ghost-file-1.img', path, runs: undefined },
    open: () => new MemorySource(Buffer.from('abc'), path),
    ...more,
  };
}

const namesOf = (objects: readonly Recovered[]): string[] =>
  placeObjects(objects).map((place) => ('name' in place ? place.name : place.reason.message));

describe('paths', () => {
  test('of one name get numbers, however many there are', () => {
    const free = new FreePaths();
    const paths = Array.from({ length: 100_000 }, () => free.take('pipes/1'));
    expect(paths.slice(0, 3)).toEqual(['pipes/1', 'pipes/1.2', 'pipes/1.3']);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('a file has not the name of a directory that another is in', () => {
    expect(namesOf(['d/a', 'd/a/b', 'd/a.2', 'd/a/b', 'd/a/b/c', 'd'].map((path) => object(path)))).toEqual([
      ...['d/a.2', 'd/a/b.2', 'd/a.2.2', 'd/a/b.3', 'd/a/b/c', 'd.2'],
    ]);
  });

  test('any paths come out as ones that can all be in one directory', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'a.2', 'a-b', '!'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 20 }), (paths) => {
        const names = namesOf(paths.map((each) => object(each.join('/'))));
        expect(new Set(names).size).toBe(names.length);
        const isDirectory = directoriesOf(names);
        for (const name of names) {
          expect(isDirectory(name)).toBe(names.some((each) => each.startsWith(`${name}/`)));
          expect(isDirectory(name)).toBe(false);
        }
      }),
    );
  });
});

describe('entries', () => {
  const only = (more: Partial<Recovered>, time = 100) => packObject(object('x', more), 'x', time);

  test('what has no owner, permissions or time has root, 0600 and the given time', () => {
    expect(only({ owner: undefined, mode: undefined, mtime: undefined })).toMatchObject({
      uid: 0,
      gid: 0,
      mode: 0o600,
      mtime: 100,
    });
    expect(only({})).toMatchObject({ uid: 1, gid: 2, mode: 0o644, mtime: 5 });
  });

  test('numbers that no kernel gives out are as none', () => {
    expect(only({ owner: { uid: -1, gid: 2 ** 33 }, mtime: 1e19 })).toMatchObject({
      uid: 0,
      gid: 0,
      mtime: 100,
    });
    expect(only({ mtime: Number.NaN }, Number.POSITIVE_INFINITY)).toMatchObject({ mtime: 0 });
  });

  test('holes that are smaller than a page are written', () => {
    const runs = [
      { offset: 0, length: 10 },
      { offset: 100, length: 10 },
      { offset: 50_000, length: 10 },
    ];
    expect(only({ runs, size: 60_000 })).toMatchObject({
      sparse: [
        { offset: 0, length: 110 },
        { offset: 50_000, length: 10 },
      ],
    });
    expect(only({ runs: [{ offset: 0, length: 3 }] })).not.toHaveProperty('sparse');
  });

  test('what is too much for a reader of tars is left out, and what comes behind it is not', () => {
    const many = Array.from({ length: LIMITS.sparseRuns - 5 }, (_, at) => ({ offset: at * 8192, length: 1 }));
    const few = many.slice(0, 10);
    const size = 8192 * LIMITS.sparseRuns;
    const places = placeObjects([
      object('a', { runs: many, size }),
      object('b', { runs: few, size }),
      object('n'.repeat(1 << 20)),
      object('c', { runs: few.slice(0, 3), size }),
    ]);
    expect(places.map((place) => ('name' in place ? place.name : 'left out'))).toEqual([
      ...['a', 'left out', 'left out', 'c'],
    ]);
  });

  test('parts that overlap are damage of the image', () => {
    const runs = [
      { offset: 0, length: 10 },
      { offset: 5, length: 10 },
    ];
    const [place] = placeObjects([object('x', { runs, size: 20 })]);
    expect(place).toMatchObject({ reason: { where: 'checkpoint/ghost-file-1.img' } });
  });
});
