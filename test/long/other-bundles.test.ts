/** Recorded histories replay on the bundles that carry less, or trace: workers of one run may differ in both. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import { bundleWorkflows } from '../helpers/temporal.ts';
import { files, historyIn } from '../replay/histories.ts';

let traced: WorkflowBundleWithSourceMap;
let ofBooks: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  traced = await bundleWorkflows({ traced: true });
  ofBooks = await bundleWorkflows({ workflows: 'book' });
}, 60_000);

describe('recorded histories', () => {
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
