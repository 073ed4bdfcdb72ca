/** Errors, all of one shape: those of the server, and those of the way to it. */
import type { Problem } from './types.ts';

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** What a response that is no success says; of an answer of something between here and the server, its status. */
export function problemOf(status: number, body: unknown): Problem {
  if (isProblem(body)) return body;
  return ownProblem(
    'UNEXPECTED_ANSWER',
    `The server answered with status ${status}, and without a reason.`,
    'See the log of the server; something between it and this page may have answered in its place.',
  );
}

/** Any error, as the page shows it. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof TypeError)
    return ownProblem(
      'SERVER_UNREACHABLE',
      'The server does not answer.',
      'See with `npx scriptorium status` that it runs; this page goes on by itself when it does.',
    );
  return ownProblem('PAGE_FAILED', String(error), 'Load the page again; if it stays, report it.');
}

/** True when a request was given up by the page itself. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function ownProblem(code: string, detail: string, remedy: string): Problem {
  return { type: '', title: detail, status: 500, detail, code, remedy, instance: '' };
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false;
  return ['title', 'detail', 'code', 'remedy'].every((name) => typeof Reflect.get(body, name) === 'string');
}
