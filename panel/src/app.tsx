// The page: the way between the views, whether Weir is heard, and what needs a hand.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useLive, usePhase } from './api/live';
import { useOverview } from './api/queries';
import { counted } from './figures/format';
import { Icon } from './parts/icon';
import { KeyDialog } from './parts/key-dialog';
import { type Page, PAGES, parse, type Route, to, useHash } from './route';
import { Engines } from './views/engines';
import { Events } from './views/events';
import { Metrics } from './views/metrics';
import { Overview } from './views/overview';
import { ProblemLine } from './views/problems';
import { Settings } from './views/settings';
import { Stream } from './views/stream';
import { Streams } from './views/streams';

const NAMES: Record<Page, string> = {
  overview: 'Overview',
  streams: 'Streams',
  engines: 'Engines',
  events: 'Events',
  metrics: 'Metrics',
  settings: 'Settings',
};

/** Pages that tell all that needs a hand by themselves. */
const SHOW_PROBLEMS: readonly Page[] = ['overview', 'events'];

export function App() {
  const route = parse(useHash());
  const main = useRef<HTMLElement>(null);
  useLive(useQueryClient(), topicsOf(route));

  const place = `${route.page}/${route.item ?? ''}`;
  const before = useRef(place);
  useEffect(() => {
    document.title = `${NAMES[route.page]} · Weir`;
    if (before.current === place) return;
    before.current = place;
    // A new view begins at its top, for readers of screens too.
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place, route.page]);

  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>To the content</button>
      <aside class="side">
        <p class="brand"><img src="./icon.svg" alt="" width="24" height="24" /> Weir</p>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map((page) => (
              <li key={page}>
                <a href={to(page)} aria-current={page === route.page ? 'page' : undefined}>
                  <Icon name={page} />
                  <span>{NAMES[page]}</span>
                  {page === 'overview' && <ProblemCount />}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Heard />
      </aside>
      <main ref={main} id="main" tabIndex={-1} aria-label={NAMES[route.page]}>
        {!SHOW_PROBLEMS.includes(route.page) && <ProblemLine />}
        <View route={route} />
      </main>
      <KeyDialog />
    </div>
  );
}

function View({ route }: { route: Route }) {
  switch (route.page) {
    case 'overview':
      return <Overview />;
    case 'streams':
      return route.item === undefined ? <Streams route={route} /> : <Stream key={route.item} channel={route.item} play={route.query.get('play')} />;
    case 'engines':
      return <Engines opened={route.item} />;
    case 'events':
      return <Events query={route.query} />;
    case 'metrics':
      return <Metrics />;
    case 'settings':
      return <Settings section={route.item} />;
  }
}

/** What is shown decides what has to be told. */
function topicsOf({ page, item }: Route): string[] {
  const always = ['news', 'overview'];
  if (page === 'streams' && item !== undefined) return [...always, 'channels', `channel:${item}`];
  if (page === 'engines') return [...always, 'channels', 'engines'];
  return page === 'settings' ? always : [...always, 'channels'];
}

function ProblemCount() {
  const { data } = useOverview();
  const problems = data?.problems ?? [];
  if (problems.length === 0) return null;
  const tone = problems.some((it) => it.severity === 'error') ? 'bad' : 'warning';
  return <b class="count" data-tone={tone} aria-label={counted(problems.length, 'problem')}>{problems.length}</b>;
}

const HEARD = {
  connecting: { word: 'Connecting…', tone: 'quiet', how: 'Weir is asked to tell what changes.' },
  open: { word: 'Live', tone: 'good', how: 'What is shown changes as it happens.' },
  lost: { word: 'Reconnecting…', tone: 'warning', how: 'What is shown is asked for every two seconds until Weir tells it by itself again.' },
} as const;

/** Whether what is shown is of now. */
function Heard() {
  const phase = usePhase();
  const { isError, data } = useOverview();
  const { word, tone, how } = HEARD[phase];
  const isSilent = phase !== 'open' && isError;
  return (
    <p class="heard" role="status" data-tone={isSilent ? 'bad' : tone} title={how}>
      <i aria-hidden="true" />
      <span>{isSilent ? 'Weir does not answer' : word}</span>
      {data && <span class="version">{data.version}</span>}
    </p>
  );
}
