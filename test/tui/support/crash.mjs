// Screens that are fine until the second one is looked at, whose page throws: a defect, as it were.
import { browse } from '../../../dist/tui/main.js';

const row = { cells: ['all is well'], count: 0 };
const content = {
  kind: 'outline',
  columns: [{ header: '' }],
  root: { cells: [], count: 1, child: () => row },
  empty: '',
};
const pageOf = ({ page }) => ({
  screen: page,
  title: page,
  tabs: [
    {
      id: 'a',
      title: 'a',
      load: async () =>
        page === 'processes'
          ? {
              ...content,
              root: {
                ...content.root,
                child: () => {
                  throw new Error('a defect');
                },
              },
            }
          : content,
    },
  ],
});

try {
  await browse(
    { name: 'crash', entries: [], pageOf },
    {
      input: process.stdin,
      output: process.stdout,
      env: process.env,
      version: '0',
      signal: new AbortController().signal,
    },
  );
} catch (error) {
  process.stderr.write(`caught: ${error.message}\n`);
  process.exitCode = 1;
}
