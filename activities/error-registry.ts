/**
 * The registry of every failure that a user can meet: one code, whether trying again can help, what it means and
 * what to do. `docs/errors.md` is the same table; a test proves them equal.
 */
import { type ErrorEntry, entry, ofContent, outage } from './error-entry.ts';
import { wayInErrors } from './way-in-errors.ts';

export const errorRegistry = {
  // The source
  SOURCE_MISSING: entry(false, 'The file or folder does not exist.', 'Check the path, then ingest again.'),
  SOURCE_UNREADABLE: entry(
    false,
    'The operating system refused to read the file or folder.',
    'Grant the user that runs the workers read permission, then ingest again.',
  ),
  SOURCE_CHANGED: entry(
    true,
    'The file changed while it was being read.',
    'Wait until the file is fully written; it is tried again by itself.',
  ),
  SYMLINK_LOOP: entry(
    false,
    'A symbolic link leads back to itself.',
    'Remove or mend the link; everything else in the folder is ingested.',
  ),
  OUTSIDE_ROOTS: entry(
    false,
    'The real path of the file is outside the configured library roots.',
    'Move the file into a library root, or add its folder to SCRIPTORIUM_LIBRARY_ROOTS.',
  ),
  NO_BOOKS_FOUND: entry(
    false,
    'The folder holds no file of a supported format.',
    'Name a folder with PDF, EPUB, DOCX, HTML, Markdown or text files.',
  ),
  UNSUPPORTED_FORMAT: ofContent(
    'The file is of no supported format, or its content is not what its name says.',
    'Convert it to PDF, EPUB, DOCX, HTML, Markdown or plain text.',
  ),
  EMPTY_FILE: ofContent('The file has no content.', 'Replace it with a complete copy.'),
  CORRUPT_FILE: ofContent(
    'The file is damaged and cannot be read.',
    'Replace it with a complete copy, or repair it and ingest again.',
  ),
  ENCRYPTED: ofContent(
    'The file is protected by a password.',
    'Remove the password with the program that set it, then ingest again.',
  ),
  UNSAFE_ARCHIVE: ofContent(
    'The archive expands far beyond its size or names files outside itself.',
    'Do not trust this file; get a clean copy from its publisher.',
  ),
  NO_TEXT: ofContent(
    'The book holds no text; it is probably a scan.',
    'Run optical character recognition on it (for example with OCRmyPDF), then ingest again.',
  ),
  TOO_LARGE: ofContent(
    'The file or upload is larger than the configured limit.',
    'Split it, or raise SCRIPTORIUM_MAX_FILE_MB, SCRIPTORIUM_MAX_TEXT_MB or SCRIPTORIUM_HTTP_UPLOAD_MB.',
  ),
  // Extraction
  // By the clock on the wall: a machine that slept or was overloaded passes the limit with a good book, too.
  EXTRACTION_TIMEOUT: {
    ...ofContent(
      'Reading the book took longer than the configured limit.',
      'Raise SCRIPTORIUM_EXTRACT_TIMEOUT_S, or repair the file.',
    ),
    retryable: true,
  },
  EXTRACTION_OUT_OF_MEMORY: ofContent(
    'Reading the book needed more memory than the configured limit.',
    'Raise SCRIPTORIUM_EXTRACT_MEMORY_MB, or repair the file.',
  ),
  EXTRACTION_CRASHED: entry(
    true,
    'The process that reads books ended unexpectedly.',
    'It is tried again by itself; if it stays, report the file.',
  ),
  // Artifacts and model
  ARTIFACT_CORRUPT: entry(
    false,
    'An intermediate file is damaged or gone.',
    'It was dropped, and the next ingestion of the book that needs it makes it again; if that goes on, check the disk.',
  ),
  DISK_FULL: outage(
    'The disk that holds SCRIPTORIUM_HOME is full or read-only.',
    'Free some space; the work goes on by itself.',
  ),
  DISK_UNREACHABLE: outage(
    'A disk or network folder does not answer, or the system has no more open files to give.',
    'Check the disk, the mount and the limit of open files (ulimit -n). Books in a run go on by themselves; `scriptorium retry` takes up what a scan could not read.',
  ),
  NO_PROCESS: outage(
    'The machine has no room for one more process, by which books are read.',
    'Raise its limit of processes (ulimit -u, pids of a container) or its memory, or lower SCRIPTORIUM_EXTRACT_PROCESSES; the work goes on by itself.',
  ),
  ARTIFACTS_UNREACHABLE: outage(
    'The object storage of intermediate files did not answer.',
    'Check SCRIPTORIUM_ARTIFACTS, AWS_ENDPOINT_URL and the network; the work goes on by itself.',
  ),
  ARTIFACTS_OVERLOADED: outage(
    'The object storage of intermediate files refused for too many requests.',
    'Ingest with a smaller --parallel, or raise the limit at the provider; the work goes on by itself.',
  ),
  ARTIFACTS_DENIED: outage(
    'The object storage of intermediate files refuses the key, or has no such bucket.',
    'Check that the bucket of SCRIPTORIUM_ARTIFACTS is there, and the rights of the AWS keys; the work goes on by itself, with other keys once the workers are started anew.',
  ),
  ARTIFACTS_REJECTED: entry(
    false,
    'The object storage of intermediate files refused the request.',
    'Read its reason in the message.',
  ),
  ASSET_UNAVAILABLE: entry(
    false,
    'A needed program or model file could not be found or fetched.',
    'Follow the list of sources in the message, or set the environment variable that it names.',
  ),
  MODEL_MISMATCH: entry(
    false,
    'The library was embedded with another model; vectors of two models are never mixed.',
    'Configure the model that the library was made with, or ingest into a new library (--library).',
  ),
  WORKER_MODEL_MISMATCH: outage(
    'A worker that took a step of a book has another model than the library.',
    'Give all workers the model that the library was made with; the step is tried again by itself, by any worker.',
  ),
  EMBEDDING_FAILED: entry(
    true,
    'The embedding model failed on a batch.',
    'It is tried again by itself; if it stays, check the memory and the model file.',
  ),
  EMBEDDING_DEVICE_FAILED: outage(
    'The GPU that embeds has failed, or has no memory left for one text.',
    'The worker starts anew by itself where the device is lost, and takes another one; `scriptorium doctor` says which. Free memory on the device, or set SCRIPTORIUM_DEVICE=cpu.',
  ),
  EMBEDDING_UNREACHABLE: outage(
    'The embedding endpoint did not answer.',
    'Check SCRIPTORIUM_EMBEDDINGS_URL and that its server runs; the work goes on by itself.',
  ),
  EMBEDDING_RATE_LIMITED: outage(
    'The embedding endpoint refused for too many requests.',
    'Lower SCRIPTORIUM_EMBEDDINGS_REQUESTS, or raise the limit at the provider; the work goes on by itself.',
  ),
  EMBEDDING_DENIED: outage(
    'The embedding endpoint refuses the key, has no credit left, or serves another model.',
    'Set SCRIPTORIUM_EMBEDDINGS_KEY, SCRIPTORIUM_EMBEDDINGS_URL and SCRIPTORIUM_EMBEDDINGS_MODEL to what it takes, and start the workers anew; or mend the endpoint: the work goes on by itself.',
  ),
  EMBEDDING_REJECTED: entry(
    false,
    'The embedding endpoint refused the request.',
    'Read its reason in the message; where a text is too long for the model, lower SCRIPTORIUM_CHUNK_TOKENS.',
  ),
  // Store
  STORE_UNREACHABLE: outage(
    'The vector store did not answer.',
    'Start it or mend the network; the work goes on by itself.',
  ),
  STORE_OVERLOADED: outage(
    'The vector store refused for too many requests.',
    'Raise its limits, or ingest with a smaller --parallel; the work goes on by itself.',
  ),
  STORE_DENIED: outage(
    'The vector store refuses the API key, or has lost a collection.',
    'Set QDRANT_API_KEY to a key that may write, or restore the collection, and start the workers anew, which make one that is missing; the work goes on by itself.',
  ),
  STORE_REJECTED: entry(false, 'The vector store refused the request.', 'Read its reason in the message.'),
  COUNT_MISMATCH: entry(
    true,
    'The store does not hold exactly the chunks of the book.',
    'The book is written again by itself.',
  ),
  // Questions
  LIBRARY_NOT_FOUND: entry(
    false,
    'There is no library of that name.',
    'List the books with `scriptorium books`, or ingest some into it.',
  ),
  LIBRARY_EMPTY: entry(
    false,
    'The library is known, and no book of it can be searched yet.',
    'See with `scriptorium status` how far its run is, and with `scriptorium books` what became of its books; then ask again.',
  ),
  ANSWER_MODEL_UNREACHABLE: entry(
    true,
    'The answer model did not answer.',
    'Check OPENAI_BASE_URL and that the server runs.',
  ),
  ANSWER_MODEL_RATE_LIMITED: entry(
    true,
    'The answer model refused for too many requests.',
    'Wait, or raise the limit at the provider.',
  ),
  ANSWER_MODEL_REJECTED: entry(
    false,
    'The answer model refused the request.',
    'Check OPENAI_API_KEY and the name of the model.',
  ),
  ANSWER_MODEL_UNFINISHED: entry(
    false,
    'The answer model reached its longest answer before its first sentence was whole.',
    'Ask for less at once, or set OPENAI_MODEL to a model that answers in short sentences.',
  ),
  ANSWER_MODEL_UNCOUNTED: entry(
    true,
    'What the answer would take of the tokens of a day could not be written down, so that the model was not asked.',
    'Mend what the message names: a full disk, or a store that is away.',
  ),
  RERANK_FAILED: entry(
    true,
    'The reranker gave no order of the passages.',
    'The search went on without it. Check SCRIPTORIUM_RERANK_URL and that the server runs.',
  ),
  ANSWER_BUDGET_SPENT: entry(
    false,
    'The tokens or the cost that answers may take in a day are used up.',
    'Ask for quotes (--extractive), wait until midnight UTC, or raise SCRIPTORIUM_DAILY_TOKENS or SCRIPTORIUM_DAILY_COST_CENTS.',
  ),
  QUESTION_TIMEOUT: entry(
    false,
    'The question was not answered within its time.',
    'See with `scriptorium status` which part is slow; or give questions more time: --deadline, SCRIPTORIUM_ANSWER_TIMEOUT_S.',
  ),
  BOOK_NOT_FOUND: entry(
    false,
    'There is no book, chunk or run of that id or path.',
    'List the books with `scriptorium books`; a book that is named by its path also needs its --library.',
  ),
  // The run
  CHILD_LOST: entry(
    false,
    'The workflow of the book was terminated, or timed out, before it could report.',
    'Ingest the library again; finished steps are not repeated.',
  ),
  WORKER_LOST: entry(
    false,
    'Every worker that took up the step ended before it was done.',
    'Look for the reason in workers.log (memory, most likely); then ingest again.',
  ),
  RUN_IN_PROGRESS: entry(
    false,
    'Another run is at work on this library or book, from other paths or with other settings.',
    'Wait until it is done (`scriptorium status`), or use another library.',
  ),
  PRUNE_REFUSED: entry(
    false,
    'Pruning would remove more than a tenth of the books of the library, or of those below the paths.',
    'Check that the folder is mounted and complete; if they are really gone, prune with --force.',
  ),
  GC_REFUSED: entry(
    false,
    'The catalog knows no finished book, and the intermediate files of some would all be dropped.',
    'Where the store was lost or is another one, ingest first: these files spare reading and embedding. Where they are really not wanted, gc with --force.',
  ),
  RUN_NOT_READY: entry(
    false,
    'The run does not take this change in the state that it is in.',
    'See with `scriptorium status` where it stands; try again when it has gone on, or start another run.',
  ),
  NO_RUN: entry(
    false,
    'No run over the library is going on that could be changed.',
    'Start one with `scriptorium ingest` or `scriptorium retry`; `scriptorium status` shows the runs.',
  ),
  ...wayInErrors,
  // The command line and the stack
  INVALID_ARGUMENT: entry(
    false,
    'A value is not valid.',
    'Correct the value that the message names; see --help.',
  ),
  INVALID_CONFIG: entry(
    false,
    'A setting in the environment is not valid.',
    'Correct the environment variable that the message names.',
  ),
  STACK_UNREACHABLE: outage(
    'The Temporal server or the workers do not answer.',
    'Run `scriptorium status`, then `scriptorium up`.',
  ),
  INTERNAL: entry(
    true,
    'Something failed that has no code of its own.',
    'Read the message and the log; report it if it stays.',
  ),
} as const satisfies Record<string, ErrorEntry>;
