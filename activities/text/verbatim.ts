/** True when the quote stands in the text word for word; how white space is written does not matter. A blank quote never does. */
export function standsIn(quote: string, text: string): boolean {
  const wanted = oneSpaced(quote);
  return wanted !== '' && oneSpaced(text).includes(wanted);
}

function oneSpaced(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
