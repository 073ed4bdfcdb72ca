import type { JSX } from 'preact';
import { AskPage } from './ask/ask-page.tsx';
import { SearchPage } from './ask/search-page.tsx';
import { HealthPage } from './health/health-page.tsx';
import { BookPage } from './library/book-page.tsx';
import { LibraryPage } from './library/library-page.tsx';
import { Frame } from './parts/frame.tsx';
import { KeyDialog } from './parts/key-dialog.tsx';
import { Empty } from './parts/notice.tsx';
import { PageHead } from './parts/page-head.tsx';
import type { Route } from './routes.ts';
import { RunsPage } from './runs/runs-page.tsx';
import { route } from './state/route.ts';

export function App(): JSX.Element {
  return (
    <>
      <Frame page={route.value.page}>
        <Page route={route.value} />
      </Frame>
      <KeyDialog />
    </>
  );
}

function Page({ route }: { readonly route: Route }): JSX.Element {
  switch (route.page) {
    case 'runs':
      return <RunsPage />;
    case 'library':
      return <LibraryPage route={route} />;
    case 'book':
    case 'chunks':
      return <BookPage key={route.bookId} route={route} />;
    case 'ask':
      return <AskPage question={route.question} />;
    case 'search':
      return <SearchPage query={route.query} />;
    case 'health':
      return <HealthPage />;
    case 'unknown':
      return <NoPage />;
  }
}

function NoPage(): JSX.Element {
  return (
    <>
      <PageHead title="No such page" />
      <Empty title="There is nothing at this address">
        <p>
          Go to the <a href="#/runs">runs</a>, the <a href="#/library">library</a> or <a href="#/ask">ask</a>.
        </p>
      </Empty>
    </>
  );
}
