/** The part of the registry that only the ways in meet: HTTP and MCP, and their clients. */
import { type ErrorEntry, entry } from './error-entry.ts';

export const wayInErrors = {
  UNAUTHORIZED: entry(
    false,
    'No API key came with the request, or it is not one of this server, or it was revoked.',
    'Send a key that `scriptorium keys add` made, as X-API-Key or as Authorization: Bearer.',
  ),
  FORBIDDEN: entry(
    false,
    'The API key may not do this, or the request came from a page of another host.',
    'Use a key with the scope and the library that the message names; see `scriptorium keys`.',
  ),
  RATE_LIMITED: entry(
    true,
    'More requests, open streams or uploads than one key may have.',
    'Wait as long as Retry-After says, or raise SCRIPTORIUM_HTTP_RATE, SCRIPTORIUM_HTTP_STREAMS or SCRIPTORIUM_HTTP_UPLOADS.',
  ),
  JOBS_FULL: entry(
    true,
    'As many jobs of the library wait as are kept.',
    'Wait until some are done, as GET /api/v1/status/JOB tells, or hand in the folder that the books lie in, as one job.',
  ),
  NOT_FOUND: entry(
    false,
    'There is nothing at that address.',
    'See /openapi.json for the addresses and their methods.',
  ),
  METHOD_NOT_ALLOWED: entry(
    false,
    'The address does not take that method.',
    'Use one that the header Allow names.',
  ),
  UNSUPPORTED_MEDIA_TYPE: entry(
    false,
    'The body is of a type that the address does not read.',
    'Send application/json, or multipart/form-data to upload books.',
  ),
  BODY_TOO_LARGE: entry(
    false,
    'The body of the request is larger than the address reads.',
    'Send less; books are uploaded as multipart/form-data, up to SCRIPTORIUM_MAX_FILE_MB each.',
  ),
  REQUEST_TIMEOUT: entry(
    true,
    'The request did not arrive whole within its time.',
    'Send it again, over a line that does not stall.',
  ),
  JOB_NOT_FOUND: entry(
    false,
    'There is no job of that id, or it ended long ago.',
    'List the books with `scriptorium books`; a job is kept until 200 newer ones of its library ended.',
  ),
  SESSION_NOT_FOUND: entry(
    false,
    'There is no session of MCP of that id, or it was closed for being unused.',
    'Begin a new session with `initialize`; the usual clients do so by themselves.',
  ),
  RESPONSE_UNREADABLE: entry(
    true,
    'What came is no whole answer of a server of Scriptorium.',
    'Check the address and what stands between, a proxy for instance; then send it again.',
  ),
  IDEMPOTENCY_CONFLICT: entry(
    false,
    'The idempotency key came before with another request.',
    'Use a new key for a new request.',
  ),
  PAGE_NOT_FOUND: entry(
    false,
    'The book has no such page, or its text is kept no more.',
    'See the book for how many pages it has; if its text was dropped, `scriptorium remove` it and ingest it again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
