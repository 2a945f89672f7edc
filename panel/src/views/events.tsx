// The log of what happened: live, in plain words, filtered as one likes. What comes while one reads waits above.
import { useEffect, useState } from 'react';
import { PAGE_ROWS, useEvents, useNews } from '../api/queries';
import type { News } from '../api/types';
import { isWanted, joined, kindInWords, type Severity } from '../figures/event';
import { counted } from '../figures/format';
import { Answer, Clock, Empty, type Tone } from '../parts/small';
import { to } from '../route';
import { type NameOf, useNames } from './names';
import { Problems } from './problems';

const CATEGORIES = ['stream', 'engine', 'viewer', 'settings', 'system'];

/** More than a person reads; whoever wants all asks the API. */
const ROWS_MAX = 1000;

const TONES: Partial<Record<Severity, Tone>> = { warning: 'warning', error: 'bad' };

export function Events({ query: given }: { query: URLSearchParams }) {
  const [category, setCategory] = useState(given.get('category') ?? '');
  const [severity, setSeverity] = useState<Severity>('info');
  const [typed, setTyped] = useState(given.get('q') ?? '');
  const [limit, setLimit] = useState(PAGE_ROWS);
  const query = useEvents({ category: category || undefined, limit });
  const nameOf = useNames();
  return (
    <>
      <header class="head"><h1>Events</h1></header>
      <Problems />
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Words
          <input type="search" value={typed} placeholder="A channel, an engine, a word…" onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <label>
          About
          <select value={category} onChange={(event) => setCategory(event.currentTarget.value)}>
            <option value="">everything</option>
            {CATEGORIES.map((it) => <option key={it}>{it}</option>)}
          </select>
        </label>
        <label>
          At least
          <select value={severity} onChange={(event) => setSeverity(event.currentTarget.value as Severity)}>
            <option value="info">everything</option>
            <option value="warning">warnings</option>
            <option value="error">errors</option>
          </select>
        </label>
      </form>
      <section class="card log-card" aria-label="Events">
        <Answer query={query} what="The events">
          {(events) => (
            <Log
              asked={events} nameOf={nameOf} isWanted={(news) => isWanted(news, { category, severity, typed }, news.channel ? nameOf(news.channel) : '')}
              onMore={events.length < limit || ROWS_MAX <= limit ? undefined : () => setLimit(Math.min(ROWS_MAX, limit * 3))}
            />
          )}
        </Answer>
      </section>
    </>
  );
}

interface LogProps {
  asked: News[];
  nameOf: NameOf;
  isWanted: (news: News) => boolean;
  onMore?: (() => void) | undefined;
}

/** While the pointer is over the log, nothing is put above what is read. */
function Log({ asked, nameOf, isWanted, onMore }: LogProps) {
  const all = joined(useNews(), asked);
  const [heldAt, setHeldAt] = useState<number>();
  const newest = all[0]?.id ?? 0;
  const waiting = heldAt === undefined ? 0 : all.filter((it) => heldAt < it.id && isWanted(it)).length;
  const shown = all.filter((it) => (heldAt === undefined || it.id <= heldAt) && isWanted(it));
  useEffect(() => {
    // Nothing was there to be moved.
    if (heldAt === 0) setHeldAt(undefined);
  }, [heldAt]);
  return (
    <div
      onPointerEnter={(event) => event.pointerType === 'mouse' && setHeldAt(newest)}
      onPointerLeave={() => setHeldAt(undefined)}
    >
      <p class="waiting" role="status">
        {0 < waiting && <button type="button" class="plain" onClick={() => setHeldAt(newest)}>{counted(waiting, 'new event')}: show</button>}
      </p>
      {shown.length === 0 ? <Empty title="No such event">Other words or fewer filters may find some.</Empty> : (
        <ol class="events log" reversed>{shown.map((event) => <EventRow key={event.id} event={event} nameOf={nameOf} withKind />)}</ol>
      )}
      {onMore && <button type="button" onClick={onMore}>Show older ones</button>}
    </div>
  );
}

interface RowProps {
  event: News;
  nameOf: NameOf;
  withKind?: boolean;
}

export function EventRow({ event, nameOf, withKind }: RowProps) {
  return (
    <li data-tone={TONES[event.severity] ?? 'quiet'}>
      <span class="at"><Clock time={event.timestamp} /></span>
      <span class="text">
        {withKind && <span class="kind">{kindInWords(event.event_type)}</span>}
        <span class="message">
          {event.channel && <><a href={to('streams', event.channel)}>{nameOf(event.channel)}</a>: </>}
          {event.message}
        </span>
        {withKind && event.container_id && <a class="where" href={to('engines', event.container_id)}>{event.container_id}</a>}
      </span>
    </li>
  );
}
