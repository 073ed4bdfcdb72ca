import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { streamAnswer } from '../api/answer-stream.ts';
import { isGivenUp, problemFrom } from '../api/problems.ts';
import type { Answer, Problem } from '../api/types.ts';
import { ProblemNotice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { announce } from '../state/announce.ts';
import { readdress } from '../state/route.ts';
import { counted } from '../text/amounts.ts';
import { AnswerView } from './answer-view.tsx';
import { AskTabs } from './ask-tabs.tsx';
import { type Question, QuestionForm } from './question-form.tsx';

/** Where the answer of a question stands. */
type State =
  | { readonly at: 'nothing' }
  | { readonly at: 'searching' }
  | { readonly at: 'writing'; readonly text: string }
  | { readonly at: 'answered'; readonly answer: Answer }
  | { readonly at: 'failed'; readonly problem: Problem; readonly question: Question };

/** A question, and its answer with the pages that it rests on. */
export function AskPage({ question }: { readonly question: string }): JSX.Element {
  const [state, setState] = useState<State>({ at: 'nothing' });
  const asking = useRef<AbortController | null>(null);
  const ask = async (asked: Question): Promise<void> => {
    asking.current?.abort();
    asking.current = new AbortController();
    readdress({ page: 'ask', question: asked.text });
    await follow(asked, asking.current.signal, setState);
  };
  const stop = (): void => {
    asking.current?.abort();
    setState({ at: 'nothing' });
    announce('Stopped');
  };
  // An address with a question in it is the question.
  useEffect(() => {
    if (question !== '') void ask({ text: question });
    return () => asking.current?.abort();
  }, []);
  return (
    <>
      <PageHead title="Ask" lead="Answers with the pages that they rest on." />
      <AskTabs current="ask" />
      <QuestionForm
        label="Question"
        placeholder="How is the clock wound?"
        deed="Ask"
        given={question}
        busy={state.at === 'searching' || state.at === 'writing'}
        canQuote
        onSubmit={ask}
        onStop={stop}
      />
      <Shown state={state} onRetry={ask} />
    </>
  );
}

async function follow(
  { text, ...rest }: Question,
  signal: AbortSignal,
  show: (state: State) => void,
): Promise<void> {
  show({ at: 'searching' });
  announce('Searching the books');
  const listener = {
    onWriting: (): void => announce('Writing the answer'),
    onText: (written: string): void => show({ at: 'writing', text: written }),
  };
  try {
    const answer = await streamAnswer({ question: text, ...rest }, listener, signal);
    show({ at: 'answered', answer });
    announce(`${answer.answer} ${counted(answer.citations.length, 'source')}.`);
  } catch (error) {
    if (!signal.aborted && !isGivenUp(error))
      show({ at: 'failed', problem: problemFrom(error), question: { text, ...rest } });
  }
}

interface ShownProps {
  readonly state: State;
  readonly onRetry: (question: Question) => void;
}

function Shown({ state, onRetry }: ShownProps): JSX.Element {
  switch (state.at) {
    case 'nothing':
      return <p class="muted hint-line">Enter asks; Shift and Enter begin a new line.</p>;
    case 'searching':
      return <p class="pending">Searching the books …</p>;
    case 'writing':
      return (
        <section class="answer" aria-label="Answer, being written" aria-busy="true">
          <p class="prose writing">{state.text}</p>
        </section>
      );
    case 'answered':
      return <AnswerView answer={state.answer} />;
    case 'failed':
      return <ProblemNotice problem={state.problem} onRetry={() => onRetry(state.question)} />;
  }
}
