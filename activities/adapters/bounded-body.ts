/** An endpoint may send anything, and for ever: what is read of it is bounded. */

/** The same response, whose body fails when it is longer than `most` bytes. */
export function boundedBody(response: Response, most: number): Response {
  if (!response.body) return response;
  let sent = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      if (sent > most) throw new Error(`it sent more than ${most.toLocaleString('en')} bytes`);
      controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
}

/** Its text up to about `most` bytes; the rest is not waited for. */
export async function headOf({ body }: Response, most: number): Promise<string> {
  if (!body) return '';
  const decoder = new TextDecoder();
  let text = '';
  let read = 0;
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    read += chunk.byteLength;
    if (read >= most) break;
  }
  return text;
}
