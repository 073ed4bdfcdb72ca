/** Histories of released versions replay on today's workflows: a run that was under way survives an upgrade. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { z } from 'zod';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import * as workflows from '../../workflows/index.ts';
import { bundleWorkflows } from '../helpers/temporal.ts';

const folder = new URL('./histories/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
let workflowBundle: WorkflowBundleWithSourceMap;
let traced: WorkflowBundleWithSourceMap;
let ofBooks: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflows();
  traced = await bundleWorkflows({ traced: true });
  ofBooks = await bundleWorkflows({ workflows: 'book' });
}, 60_000);

function historyIn(file: string) {
  return historyFromJSON(JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString()));
}

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
