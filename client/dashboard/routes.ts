/** The addresses of the page, which stand behind its `#`, so that the server has one document to serve. */

export type Route =
  | { readonly page: 'runs' }
  | { readonly page: 'library'; readonly title: string; readonly library: string; readonly state: string }
  | { readonly page: 'book'; readonly bookId: string; readonly n: number; readonly quote: string }
  | { readonly page: 'chunks'; readonly bookId: string }
  | { readonly page: 'ask'; readonly question: string }
  | { readonly page: 'search'; readonly query: string }
  | { readonly page: 'health' }
  | { readonly page: 'unknown' };

/** `#/library/ID/pages/3?quote=…`; an empty one leads to the runs. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [first = '', ...rest] = path.split('/').map(decoded);
  const text = new URLSearchParams(query);
  const given = (name: string): string => text.get(name) ?? '';
  if (rest.length > 0) return first === 'library' ? bookRoute(rest, given('quote')) : { page: 'unknown' };
  switch (first) {
    case '':
    case 'runs':
      return { page: 'runs' };
    case 'library':
      return { page: 'library', title: given('title'), library: given('library'), state: given('state') };
    case 'ask':
      return { page: 'ask', question: given('q') };
    case 'search':
      return { page: 'search', query: given('q') };
    case 'health':
      return { page: 'health' };
    default:
      return { page: 'unknown' };
  }
}

function bookRoute([bookId = '', part, n, ...rest]: readonly string[], quote: string): Route {
  if (bookId === '' || rest.length > 0) return { page: 'unknown' };
  if (part === 'chunks' && n === undefined) return { page: 'chunks', bookId };
  if (part === undefined) return { page: 'book', bookId, n: 1, quote };
  if (part === 'pages' && /^[1-9]\d{0,8}$/.test(n ?? ''))
    return { page: 'book', bookId, n: Number(n), quote };
  return { page: 'unknown' };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a route; what is empty is left out. */
export function hashOf(route: Exclude<Route, { page: 'unknown' }>): string {
  switch (route.page) {
    case 'library':
      return `#/library${queryOf({ title: route.title, library: route.library, state: route.state })}`;
    case 'book':
      return `#/library/${encodeURIComponent(route.bookId)}/pages/${route.n}${queryOf({ quote: route.quote })}`;
    case 'chunks':
      return `#/library/${encodeURIComponent(route.bookId)}/chunks`;
    case 'ask':
      return `#/ask${queryOf({ q: route.question })}`;
    case 'search':
      return `#/search${queryOf({ q: route.query })}`;
    default:
      return `#/${route.page}`;
  }
}

function queryOf(values: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')).toString();
  return text === '' ? '' : `?${text}`;
}
