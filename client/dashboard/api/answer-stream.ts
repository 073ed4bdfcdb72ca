/** An answer, read while it is written. */
import { EventStreamReader } from '../text/event-stream.ts';
import { queryAddress } from './calls.ts';
import { ProblemError, problemOf } from './problems.ts';
import { send } from './request.ts';
import type { Answer, QueryBody, QueryEvent } from './types.ts';

export interface AnswerListener {
  readonly onWriting: () => void;
  /** The whole text so far; its citations are not checked yet. */
  readonly onText: (text: string) => void;
}

/**
 * Resolves to the answer when it is whole and its citations are checked.
 * @throws ProblemError what the server says, before the answer or in the midst of it
 */
export async function streamAnswer(
  body: QueryBody,
  listener: AnswerListener,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await send(queryAddress(), { method: 'POST', body, signal, accept: 'text/event-stream' });
  for await (const event of eventsOf(response)) {
    if (event.event === 'answer') return event.data;
    if (event.event === 'problem') throw new ProblemError(event.data);
    if (event.event === 'text') listener.onText(event.data.text);
    if (event.event === 'stage' && event.data.stage === 'writing') listener.onWriting();
  }
  throw new ProblemError({
    ...problemOf(200, null),
    code: 'STREAM_ENDED',
    detail: 'The line to the server broke before the answer was whole.',
    remedy: 'Ask again: an answer that was made in the meantime comes at once.',
  });
}

async function* eventsOf(response: Response): AsyncGenerator<QueryEvent> {
  const reader = new EventStreamReader();
  const pieces = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let piece = await pieces?.read(); piece && !piece.done; piece = await pieces?.read())
      for (const { event, data } of reader.read(piece.value)) yield* queryEvent(event, data);
  } finally {
    await pieces?.cancel();
  }
}

/** Events that a later server may send are passed over. */
function* queryEvent(event: string, data: string): Generator<QueryEvent> {
  switch (event) {
    case 'stage':
    case 'text':
    case 'answer':
    case 'problem':
      yield { event, data: JSON.parse(data) };
  }
}
