/** The dashboard begins here. */
import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './state/route.ts';
import { followTheme } from './state/theme.ts';
import { followKey } from './state/who.ts';

followTheme();
followAddress();
followKey();
const place = document.getElementById('app');
if (place) render(<App />, place);
