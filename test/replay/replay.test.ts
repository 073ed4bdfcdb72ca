/** Histories of released versions replay on today's workflows: a run that was under way survives an upgrade. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { z } from 'zod';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import * as workflows from '../../workflows/index.ts';
import { bundleWorkflows } from '../helpers/temporal.ts';
import { files, historyIn } from './histories.ts';

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflows();
}, 60_000);

/** Ids that the workflow gave `patched` where it then went the new way. */
function patchesIn({ events }: ReturnType<typeof historyIn>): string[] {
  return (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    const data = Object.values(marker.details ?? {})[0]?.payloads?.[0]?.data ?? new Uint8Array();
    return [z.object({ id: z.string() }).parse(JSON.parse(Buffer.from(data).toString())).id];
  });
}

describe('recorded histories', () => {
  test('are there for every workflow', () => {
    const missing = (types: readonly string[]) =>
      types.filter((type) => !files.some((file) => file.includes(`-${type}-`)));
    expect(missing(Object.keys(workflows))).toEqual([]);
    expect(
      missing(['ingestLibrary-continued-as-new', 'ingestLibrary-cancelled', 'ingestBook-failed']),
    ).toEqual([]);
  });

  // Without these a reordered step would break runs under way, and every recorded history would replay all the same.
  test('are there for changes of a run that is steered, cancelled, or waits', () => {
    const recorded = new Set(files.flatMap((file) => patchesIn(historyIn(file))));
    expect([...recorded]).toEqual(
      expect.arrayContaining([
        ...['answer-in-time', 'waiting-jobs-are-carried-over'],
        ...['cancelled-runs-answer-and-say-so', 'cancelled-books-are-taken-at-once'],
      ]),
    );
  });

  test.each(files)('%s replays', async (file) => {
    await Worker.runReplayHistory({ workflowBundle, sinks: deafSinks, replayName: file }, historyIn(file));
  });

  test('that do not fit are refused: a replay can fail', async () => {
    const [file = ''] = files.filter((name) => name.includes('-ingestBook-'));
    const history = historyIn(file);
    for (const event of history.events ?? []) {
      const type = event.activityTaskScheduledEventAttributes?.activityType;
      if (type?.name === 'chunkBook') type.name = 'somethingElse';
    }
    await expect(Worker.runReplayHistory({ workflowBundle, replayName: 'changed' }, history)).rejects.toThrow(
      /[Nn]ondeterminism/,
    );
  });
});
