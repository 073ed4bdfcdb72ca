/** Recorded histories replay on the bundles as they are shipped, those that carry less, or trace, too: workers of one run may differ in both. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import { bundleFile } from '../../workers/workflow-bundle.ts';
import { files, historyIn } from '../replay/histories.ts';

const built = (kind: Parameters<typeof bundleFile>[0]) => ({
  codePath: fileURLToPath(new URL(`../../dist/${bundleFile(kind)}`, import.meta.url)),
});
const all = built({ workflows: 'all', traced: false });
const traced = built({ workflows: 'all', traced: true });
const ofBooks = built({ workflows: 'book', traced: false });

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

describe('recorded histories', () => {
  test.each(files)('%s replays as workflows are shipped', async (file) => {
    await Worker.runReplayHistory(
      { workflowBundle: all, sinks: deafSinks, replayName: file },
      historyIn(file),
    );
  });

  test.each(files)('%s replays where workflows are traced, and gives no span and no count', async (file) => {
    const calls: string[] = [];
    const sinks = {
      ends: { told: { fn: () => void calls.push('told') } },
      exporter: { export: { fn: () => void calls.push('export') } },
    };
    await Worker.runReplayHistory({ workflowBundle: traced, sinks, replayName: file }, historyIn(file));
    expect(calls).toEqual([]);
  });

  test.each(files.filter((name) => name.includes('-ingestBook-')))(
    '%s replays where only the workflow of a book is bundled',
    async (file) => {
      await Worker.runReplayHistory(
        { workflowBundle: ofBooks, sinks: deafSinks, replayName: file },
        historyIn(file),
      );
    },
  );
});
