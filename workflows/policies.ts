/**
 * Timeouts, heartbeats and retries of every activity, each with its reason.
 *
 * Attempts are not counted here: an attempt that a dying worker took with it must not use up a book's tries. The
 * activities count their own failures (activities/stage.ts) and end the retries of a document after three. Nothing limits
 * the time from start to end: a stack that is down for a weekend must go on with every book on Monday.
 */
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/common';
import { taskQueues } from './names.ts';

/** First wait 5 s, then 10, 20 … at most a minute: long enough for a file to be written, short enough to watch. */
const patient = { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;

/** A cancelled stage is waited for: what it leaves half-done is cleaned up only when it writes no more. */
const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/** A worker that is killed is noticed after this long. Heartbeats are sent every few seconds. */
const HEARTBEAT = '15s';

export const policies = {
  /** Walking a folder of 9,000 books and comparing it with the catalog; changed files are hashed. */
  scan: {
    taskQueue: taskQueues.main,
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  /** The sandbox limits every request; this is the limit of a whole book of thousands of pages. */
  extract: {
    taskQueue: taskQueues.documents,
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  chunk: {
    taskQueue: taskQueues.documents,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  /** 20 chunks a second on a slow CPU: 12 hours are 860,000 chunks. The wait for a free worker is not counted. */
  embed: {
    taskQueue: taskQueues.embed,
    startToCloseTimeout: '12 hours',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  /** Store calls wait for the store as long as an outage may last. */
  upsert: {
    taskQueue: taskQueues.documents,
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  /** Reading every artifact and every point of a large installation. */
  upkeep: {
    taskQueue: taskQueues.main,
    startToCloseTimeout: '12 hours',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: patient,
  },
  /** Short calls, but for the hash of a large file on a slow mount. A dead worker is noticed by its heartbeat. */
  quick: {
    taskQueue: taskQueues.main,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: HEARTBEAT,
    cancellationType,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute' },
  },
} as const satisfies Record<string, ActivityOptions>;

/** A question is answered now or not at all: three quick tries inside the workflow task of the worker that holds model and store. */
export const queryPolicy = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '60s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 3 },
} as const satisfies LocalActivityOptions;

/** An answer model may think for a minute. */
export const generatePolicy = {
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '3 minutes',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
} as const satisfies LocalActivityOptions;

/**
 * Shares of a question's deadline, beside the tenth that its look into the caches may take. What a stage leaves over goes
 * to the one that writes; the last share is kept for the extractive answer, should writing fail.
 */
export const answerShares = { retrieve: 0.3, quote: 0.1 } as const;

/** A worker that is killed while it writes is noticed after this long. Text is sent as it comes, several times a second. */
export const WRITING_HEARTBEAT = '5s';

/** The first try in a question is followed by others at once: the deadline, not their number, ends them. */
export const answerRetry = { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 3 } as const;

/** A child that stays silent this long is looked at, in case it was terminated and can't report. */
export const SILENT_CHILD_CHECK_MS = 30_000;
/** At most 16 minutes. */
const MOST_DOUBLINGS = 5;

/**
 * How long a run that is cancelled waits before it looks at what is still in flight, in milliseconds. It can't continue as new any
 * more, and its children may have to wait for a part out of service: a day of looks must fit into one history.
 */
export function cancelledCheckMs(looks: number): number {
  return SILENT_CHILD_CHECK_MS * 2 ** Math.min(looks, MOST_DOUBLINGS);
}

/** Children of one step of a run, before it continues as new: keeps a history far under 4,096 events. */
export const CHILDREN_PER_STEP = 500;

/** Events after which it continues as new before: a child takes eight of them, and more where reports come one by one. */
export const LONG_HISTORY = 3_600;

/** A book whose points do not count right is written again this often before it fails. */
export const VERIFY_ROUNDS = 3;

/** A book is made from its source this often when an intermediate file turns out to be damaged. */
export const ARTIFACT_ROUNDS = 3;
