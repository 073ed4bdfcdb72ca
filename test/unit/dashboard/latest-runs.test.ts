/** The last runs of the dashboard: the latest ones, whatever their libraries are called. */
import { expect, test } from '@jest/globals';
import { latestRuns } from '../../../client/dashboard/runs/latest-runs.ts';
import { run } from '../mcp/fake-service.ts';

test('are the latest of all libraries, and not those of the first names', async () => {
  const names = Array.from({ length: 30 }, (_, n) => `library-${String(n).padStart(2, '0')}`);
  const runs = await latestRuns(names, async (library) => {
    const startedAtMs = names.indexOf(library);
    if (startedAtMs === 29) return null;
    return { ...run, running: [], failures: [], library, state: 'done', startedAtMs };
  });
  expect(runs.map(({ library }) => library)).toEqual(names.slice(17, 29).reverse());
});
