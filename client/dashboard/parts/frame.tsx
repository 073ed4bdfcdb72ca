import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Route } from '../routes.ts';
import { announced } from '../state/announce.ts';
import { keyWanted } from '../state/key.ts';
import { type Theme, theme, themes } from '../state/theme.ts';
import { who } from '../state/who.ts';
import { Icon, type IconName } from './icons.tsx';

interface Entry {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  readonly pages: readonly Route['page'][];
}

const entries: readonly Entry[] = [
  { href: '#/runs', label: 'Runs', icon: 'runs', pages: ['runs'] },
  { href: '#/library', label: 'Library', icon: 'library', pages: ['library', 'book', 'chunks'] },
  { href: '#/ask', label: 'Ask', icon: 'ask', pages: ['ask', 'search'] },
  { href: '#/health', label: 'Health', icon: 'health', pages: ['health'] },
];

interface FrameProps {
  readonly page: Route['page'];
  readonly children: ComponentChildren;
}

/** What stands around every page. */
export function Frame({ page, children }: FrameProps): JSX.Element {
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <div class="frame">
        <header class="side">
          {/* Not a link: the address behind the # is that of the page. */}
          <button type="button" class="button skip" onClick={() => main.current?.focus()}>
            Skip to the content
          </button>
          <p class="brand">
            <Icon name="book" /> Scriptorium
          </p>
          <nav class="main-nav" aria-label="Main">
            {entries.map(({ href, label, icon, pages }) => (
              <a key={href} href={href} aria-current={pages.includes(page) ? 'page' : undefined}>
                <Icon name={icon} />
                {label}
              </a>
            ))}
          </nav>
          <div class="side-foot">
            <WhoIsIt />
            <ThemeSwitch />
          </div>
        </header>
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <p class="unseen" role="status" aria-live="polite">
        {announced}
      </p>
    </>
  );
}

function WhoIsIt(): JSX.Element | null {
  if (!who.value?.keyNeeded) return null;
  return (
    <button
      type="button"
      class="button quiet small who"
      onClick={() => {
        keyWanted.value = 'changing';
      }}
    >
      <Icon name="key" />
      <span class="unseen">Change the key, now </span>
      {who.value.name ?? 'no key'}
    </button>
  );
}

const themeLabels: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

function ThemeSwitch(): JSX.Element {
  return (
    <fieldset class="segments small">
      <legend class="unseen">Theme</legend>
      {themes.map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="theme"
            checked={theme.value === each}
            onChange={() => {
              theme.value = each;
            }}
          />
          <span>{themeLabels[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}
