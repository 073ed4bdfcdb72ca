/** The page that the type of every problem document leads to. */
import { errorRegistry } from '../../../activities/errors.ts';
import type { App } from '../app.ts';
import { CODES_PAGE } from '../problems.ts';

export function errorRoutes(app: App): void {
  app.get(
    CODES_PAGE,
    { schema: { hide: true } },
    async (_, reply) => await reply.type('text/html; charset=utf-8').send(page),
  );
}

const codes = Object.entries(errorRegistry).map(
  ([code, { meaning, remedy }]) =>
    `<h2 id="${code}">${code}</h2>\n<p>${escaped(meaning)}</p>\n<p>${escaped(remedy)}</p>`,
);

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Failures of Scriptorium</title>
<h1>Failures</h1>
${codes.join('\n')}
</html>
`;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
