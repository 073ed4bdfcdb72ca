import type { Book } from '../book.ts';
import { escapeMarkup, toMarkup } from './markup.ts';

/** The book as one HTML page: contents, chapters, and a line at the foot as pages on the web have them. */
export async function renderHtml(book: Book): Promise<Buffer> {
  const contents = book.chapters.map(
    ({ title }, index) => `<li><a href="#chapter-${index + 1}">${escapeMarkup(title)}</a></li>`,
  );
  const chapters = book.chapters.map(
    ({ title, blocks }, index) =>
      `<section id="chapter-${index + 1}">\n<h2>${escapeMarkup(title)}</h2>\n${toMarkup(blocks)}\n</section>`,
  );
  return Buffer.from(page(book, contents.join('\n'), chapters.join('\n')));
}

function page(book: Book, contents: string, chapters: string): string {
  const title = escapeMarkup(book.title);
  const author = escapeMarkup(book.author);
  return `<!DOCTYPE html>
<html lang="${escapeMarkup(book.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<meta name="author" content="${author}">
<meta name="date" content="${book.year}">
<style>
body { max-width: 38em; margin: 2em auto; padding: 0 1em; font: 1.1em/1.6 Georgia, serif; color: #222; }
td, th { padding: 0.2em 0.8em; border-bottom: 1px solid #bbb; text-align: left; }
</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${author}, ${book.year}</p>
</header>
<nav>
<ol>
${contents}
</ol>
</nav>
<main>
${chapters}
</main>
<footer>
<p>A sample book of Scriptorium.</p>
</footer>
</body>
</html>
`;
}
