/** Asks for a process to read books where the system has no more open files to give, and tells by which code that fails. */
import { openSync } from 'node:fs';
import { metaSchema } from '../../../activities/adapters/documents/sandbox/protocol.ts';
import { SandboxProcess } from '../../../activities/adapters/documents/sandbox/sandbox-process.ts';
import { toScriptoriumError } from '../../../activities/errors.ts';

const [, , path = ''] = process.argv;
const MB = 2 ** 20;
const limits = { maxFileBytes: MB, maxTextBytes: MB, timeoutMs: 20_000, maxMemoryBytes: 512 * MB };

/** Nothing more can be loaded from here on. */
function takeAllFiles(): void {
  try {
    for (;;) openSync('/dev/null', 'r');
  } catch {}
}

takeAllFiles();
try {
  const child = new SandboxProcess(limits);
  await child.request({ kind: 'open', path, limits }, metaSchema);
  process.stdout.write('it was read');
} catch (error) {
  process.stdout.write(toScriptoriumError(error).code);
}
process.exit(0);
