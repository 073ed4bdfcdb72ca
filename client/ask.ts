/** Asks a question: identical ones that are in flight share one workflow, and its text can be followed as it is written. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, defaultPayloadConverter, type WorkflowHandle } from '@temporalio/client';
import type { z } from 'zod';
import { type askInput, taskQueues, workflowTypes } from '../workflows/contract.ts';
import {
  normaliseQuestion,
  settingsText,
  WRITING_ACTIVITY,
  writtenSoFar,
} from '../workflows/question-contract.ts';
import type { Answer } from '../workflows/result-contract.ts';
import { fromWorkflow } from './failures.ts';
import { withinTime } from './in-time.ts';

/** Called with the whole text so far whenever some more was written; its citations are not checked yet. */
export type TextListener = (textSoFar: string) => void;

export interface AnswerOptions {
  /** Time for the whole answer, 1,000 to 110,000 milliseconds. Default: the workers' SCRIPTORIUM_ANSWER_TIMEOUT_S. */
  readonly deadlineMs?: number;
  /** Quotes from the books, though a model that writes is configured. Default false. */
  readonly extractive?: boolean;
  /** Called with the whole text so far as a model writes it, before its citations are checked. */
  readonly onText?: TextListener;
  /** Gives up waiting; the answer is made all the same, and kept for who asks next. */
  readonly signal?: AbortSignal;
}

export interface AskSettings {
  readonly onText?: TextListener | undefined;
  /** Only for clients on the connection of a worker of the same process: its first task needs no way through the server. */
  readonly eager?: boolean;
  /** Gives up following; the answer is made all the same. */
  readonly signal?: AbortSignal | undefined;
  /** The workers' deadline for a question that names none, in milliseconds, where the asker knows it. */
  readonly usualDeadlineMs?: number | undefined;
}

type AskedQuestion = z.output<typeof askInput>;

/** A question that no worker takes up fails after this long, instead of hanging. */
const QUESTION_TIMEOUT = '4 minutes';
/** What the workers may be set to: the asker does not know. */
const LONGEST_DEADLINE_MS = 110_000;
/** A question that is late is answered all the same, with quotes, and its tasks may wait for a busy worker. */
const GRACE_MS = 15_000;

/**
 * Nobody waits for an answer that does not come: neither where no worker is, nor where one hangs.
 * @throws ScriptoriumError by the code that the question failed with, QUESTION_TIMEOUT, or the reason of the signal
 */
export async function ask(
  client: Client,
  asked: AskedQuestion,
  { signal, usualDeadlineMs = LONGEST_DEADLINE_MS, ...settings }: AskSettings = {},
): Promise<Answer> {
  const input = { ...asked, question: normaliseQuestion(asked.question) };
  const waitMs = (input.deadlineMs ?? usualDeadlineMs) + GRACE_MS;
  return await withinTime(waitMs, signal, (limited) =>
    answered(client, input, { ...settings, signal: limited }),
  );
}

async function answered(
  client: Client,
  input: AskedQuestion,
  { onText, eager = false, signal }: AskSettings,
): Promise<Answer> {
  try {
    const handle = await client.workflow.start<(input: object) => Promise<Answer>>(
      workflowTypes.answerQuestion,
      {
        taskQueue: taskQueues.query,
        workflowId: questionId(input),
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
        workflowExecutionTimeout: QUESTION_TIMEOUT,
        requestEagerStart: eager,
      },
    );
    return await (onText ? followed(client, handle, onText, signal) : handle.result());
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw fromWorkflow(error);
  }
}

/** The same for the same normalised question, filters and settings, whatever the order in which they were named. */
export function questionId(input: AskedQuestion): string {
  const { question, ...settings } = input;
  const text = JSON.stringify([normaliseQuestion(question), settingsText(settings)]);
  return `${workflowTypes.answerQuestion}/${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/** As often as the text is told; a look costs the server a read of its memory. */
const LOOK_EVERY_MS = 100;

async function followed(
  client: Client,
  handle: WorkflowHandle<(input: object) => Promise<Answer>>,
  onText: TextListener,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const ended = new AbortController();
  const answer = handle.result().finally(() => ended.abort());
  // It may fail while a look goes on, when nobody awaits it yet; who awaits it at the end hears why.
  answer.catch(() => {});
  const over = signal ? AbortSignal.any([ended.signal, signal]) : ended.signal;
  let last = '';
  while (!over.aborted) {
    const text = await writtenText(client, handle.workflowId).catch(() => null);
    if (text !== null && text !== last && !over.aborted) onText(text);
    last = text ?? last;
    await delay(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => {});
  }
  return await answer;
}

/** What the activity that writes told last; null when none is at work. */
async function writtenText(client: Client, workflowId: string): Promise<string | null> {
  const { namespace } = client.options;
  const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace,
    execution: { workflowId },
  });
  const writing = pendingActivities?.find(({ activityType }) => activityType?.name === WRITING_ACTIVITY);
  const [payload] = writing?.heartbeatDetails?.payloads ?? [];
  if (!payload) return null;
  return writtenSoFar.safeParse(defaultPayloadConverter.fromPayload(payload)).data?.text || null;
}
