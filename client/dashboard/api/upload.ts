/** Files on their way to the server. XMLHttpRequest, because fetch doesn't tell how far it is. */
import { keyIsRefused } from '../state/key.ts';
import { uploadAddress } from './calls.ts';
import { ProblemError, problemOf } from './problems.ts';
import { keyHeader } from './request.ts';
import type { Job } from './types.ts';

export interface Upload {
  /** Rejects with ProblemError, TypeError when the line broke, or AbortError. */
  readonly job: Promise<Job>;
  cancel(): void;
}

/** @param onProgress share of the bytes that are sent, 0 to 1 */
export function upload(files: readonly File[], library: string, onProgress: (share: number) => void): Upload {
  const call = new XMLHttpRequest();
  const job = new Promise<Job>((resolve, reject) => {
    call.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    call.onerror = () => reject(new TypeError('the line broke'));
    call.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    call.onload = () => {
      const body: unknown = call.response;
      if (call.status === 401) keyIsRefused();
      if (call.status === 202) resolve(call.response);
      else reject(new ProblemError(problemOf(call.status, body)));
    };
  });
  call.open('POST', uploadAddress(library));
  call.responseType = 'json';
  for (const [name, value] of Object.entries(keyHeader())) call.setRequestHeader(name, value);
  call.send(formOf(files));
  return { job, cancel: () => call.abort() };
}

function formOf(files: readonly File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append('files', file, file.name);
  return form;
}
