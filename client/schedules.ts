/** Nightly ingestion of a library, kept by Temporal's schedules. */
import { types } from 'node:util';
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import {
  DEFAULT_LIBRARY,
  ingestLibraryId,
  ingestLibraryInput,
  taskQueues,
  workflowTypes,
} from '../workflows/contract.ts';
import { absolutePaths } from './absolute-paths.ts';
import { parse } from './checked-input.ts';
import { fromWorkflow } from './failures.ts';
import { localTimeZone } from './local-time-zone.ts';
import { argsOf } from './start-run.ts';

export interface ScheduleOptions {
  /** Default `default`. */
  readonly library?: string;
  /** Time of day, `03:30`, in the time zone of this machine. Default 03:30, unless `cron` is given. */
  readonly at?: string;
  /** Five fields, as cron has them, in the time zone of this machine. */
  readonly cron?: string;
  /** As for an ingestion. */
  readonly prune?: boolean;
  readonly parallel?: number;
}

export interface LibrarySchedule {
  readonly library: string;
  readonly paths: readonly string[];
  readonly prune: boolean;
  /** When it starts a run, in words. */
  readonly when: string;
  /** ISO 8601; null when there will be none. */
  readonly nextAt: string | null;
  readonly paused: boolean;
}

/** A night that was missed is made up for within a day, and not after. */
const CATCHUP_WINDOW = '1 day';

/** @throws ScriptoriumError INVALID_ARGUMENT, STACK_UNREACHABLE */
export async function addSchedule(
  client: Client,
  paths: readonly string[],
  { at, cron, ...options }: ScheduleOptions,
): Promise<LibrarySchedule> {
  const input = parse(ingestLibraryInput, { paths: absolutePaths(paths), ...options });
  const when = timesOf({ at, cron });
  const scheduleId = ingestLibraryId(input.library);
  const schedule = {
    spec: when.spec,
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes.ingestLibrary,
      workflowId: `scheduled/${input.library}`,
      taskQueue: taskQueues.main,
      args: [argsOf(input)],
      staticSummary: `library ${input.library}, ${when.text}`,
      // The schedule's note is where Temporal's UI puts the reason of a pause.
      memo: { when: when.text },
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW },
  } as const;
  const state = { note: when.text };
  try {
    await client.schedule.create({ scheduleId, ...schedule, state, memo: { library: input.library } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw fromSchedule(error);
    const existing = client.schedule.getHandle(scheduleId);
    await existing.update((before) => ({ ...schedule, state: { ...before.state, ...state } })).catch(rethrow);
  }
  return scheduleOf(await client.schedule.getHandle(scheduleId).describe());
}

/** @throws ScriptoriumError STACK_UNREACHABLE */
export async function listSchedules(client: Client): Promise<LibrarySchedule[]> {
  const found: LibrarySchedule[] = [];
  try {
    for await (const { scheduleId } of client.schedule.list())
      if (scheduleId.startsWith(ingestLibraryId('')))
        found.push(scheduleOf(await client.schedule.getHandle(scheduleId).describe()));
  } catch (error) {
    throw fromSchedule(error);
  }
  return found.sort((a, b) => (a.library < b.library ? -1 : 1));
}

/** False when the library had none. */
export async function removeSchedule(client: Client, library: string = DEFAULT_LIBRARY): Promise<boolean> {
  try {
    await client.schedule.getHandle(ingestLibraryId(library)).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw fromSchedule(error);
  }
}

interface Times {
  readonly spec: ScheduleSpec;
  readonly text: string;
}

/** No clock is ever set over it: where summer begins or ends at night, an hour between one and three is missing, or comes twice. */
const DEFAULT_AT = '03:30';
const timeOfDay = /^([01]?\d|2[0-3]):([0-5]\d)$/;

function timesOf({ at, cron }: { at: string | undefined; cron: string | undefined }): Times {
  if (at !== undefined && cron !== undefined)
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      'Give either a time of day (at) or a cron expression, not both',
    );
  const timezone = localTimeZone();
  if (cron !== undefined)
    return { spec: { cronExpressions: [cron], timezone }, text: `by cron ${cron} (${timezone})` };
  const [, hour, minute] = timeOfDay.exec(at ?? DEFAULT_AT) ?? [];
  if (hour === undefined || minute === undefined)
    throw new ScriptoriumError('INVALID_ARGUMENT', `at: ${at} is no time of day such as ${DEFAULT_AT}`);
  return {
    spec: { calendars: [{ hour: Number(hour), minute: Number(minute) }], timezone },
    text: `every day at ${hour.padStart(2, '0')}:${minute} (${timezone})`,
  };
}

const scheduledInput = z.object({
  library: z.string(),
  paths: z.array(z.string()),
  prune: z.boolean().default(false),
});

/** Not there in schedules that were made before it was kept here. */
const times = z.object({ when: z.string() });

function scheduleOf({ action, state, info, scheduleId }: ScheduleDescription): LibrarySchedule {
  const [input] = action.args ?? [];
  const { data } = scheduledInput.safeParse(input);
  return {
    library: data?.library ?? scheduleId.slice(ingestLibraryId('').length),
    paths: data?.paths ?? [],
    prune: data?.prune ?? false,
    when: times.safeParse(action.memo).data?.when ?? state.note ?? '',
    nextAt: info.nextActionTimes[0]?.toISOString() ?? null,
    paused: state.paused,
  };
}

/** What the server can make no sense of comes from Temporal's client as a TypeError. */
function fromSchedule(error: unknown): ScriptoriumError {
  if (types.isNativeError(error) && error.name === 'TypeError')
    return new ScriptoriumError('INVALID_ARGUMENT', error.message, { cause: error });
  return fromWorkflow(error);
}

function rethrow(error: unknown): never {
  throw fromSchedule(error);
}
