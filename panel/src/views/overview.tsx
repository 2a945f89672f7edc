// What one sees at a glance: who watches what, what it costs, what needs a hand.
import { address } from '../api/client';
import { useChannels, useEvents, useNews, useOverview, useOverviewSeries } from '../api/queries';
import type { Channel, Overview as Figures, OverviewPoint } from '../api/types';
import { titleOf, toneOfBuffer } from '../figures/channel';
import { joined } from '../figures/event';
import { bytes, counted, duration, number, rate, seconds } from '../figures/format';
import { Link } from '../parts/link';
import { Answer, Badge, Bar, Card, Empty } from '../parts/small';
import { Spark } from '../parts/spark';
import { type Columns, type Order, useSteady } from '../parts/table';
import { to } from '../route';
import { EventRow } from './events';
import { useNames } from './names';
import { Opener, Sources } from './opener';
import { Problems } from './problems';

/** Events that are told at a glance. */
const EVENTS = 6;

export function Overview() {
  const overview = useOverview();
  const channels = useChannels();
  const isQuiet = channels.data?.channels.length === 0;
  return (
    <>
      <header class="head">
        <h1>Overview</h1>
        {overview.data && <p class="quiet">up for {duration(overview.data.uptime_seconds)}</p>}
      </header>
      <Problems />
      <Answer query={overview} what="The overview">{(figures) => <Tiles figures={figures} />}</Answer>
      {isQuiet ? <Welcome /> : <Playing />}
      <div class="columns">
        {!isQuiet && <Watch />}
        <LastEvents />
      </div>
    </>
  );
}

function Tiles({ figures }: { figures: Figures }) {
  const series = useOverviewSeries('hour').data?.points ?? [];
  const line = (figure: (point: OverviewPoint) => number) => <Spark values={series.map(figure)} />;
  const { engines } = figures;
  return (
    <dl class="tiles">
      <Tile name="Streams" href={to('streams')} value={number(figures.channels)}>{line((it) => it.channels)}</Tile>
      <Tile name="Viewers" href={to('streams')} value={number(figures.viewers)}>{line((it) => it.viewers)}</Tile>
      <Tile name="In" href={to('metrics')} value={rate(figures.in_bps)}>{line((it) => it.in_bps)}</Tile>
      <Tile name="Out" href={to('metrics')} value={rate(figures.out_bps)}>{line((it) => it.out_bps)}</Tile>
      <Tile name="Engines" href={to('engines')} value={engines.total === 0 ? 'none' : `${engines.healthy} of ${engines.total} up`}>
        <Bar value={engines.used / engines.places} label="Places of engines in use" tone={engines.used < engines.places ? 'good' : 'warning'}>
          {engines.used} of {counted(engines.places, 'place')} used
        </Bar>
      </Tile>
    </dl>
  );
}

function Tile({ name, value, href, children }: { name: string; value: string; href: string; children: preact.ComponentChildren }) {
  return (
    <div class="tile">
      <dt><a href={href}>{name}</a></dt>
      <dd>
        <span class="value">{value}</span>
        {children}
      </dd>
    </div>
  );
}

function Welcome() {
  return (
    <section class="card welcome" aria-label="Nothing is playing">
      <div>
        <h2>Nothing is playing</h2>
        <p class="quiet">A stream starts with its first viewer and ends with its last. Play one here, or in any player.</p>
      </div>
      <Opener />
      <Sources />
      <Link label="Address for players (put an id behind it)" url={`${address('/ace/manifest.m3u8', {}).href}?id=`} />
      <p class="quiet">
        All that Weir knows by name, as one list for VLC, Kodi or a TV: <a href={address('/playlist.m3u', {}).href}>playlist.m3u</a>
      </p>
    </section>
  );
}

function Watch() {
  return (
    <Card title="Watch">
      <Opener />
      <Sources />
    </Card>
  );
}

function Playing() {
  const query = useChannels();
  return (
    <Card title="Playing now" actions={<a href={to('streams')}>All streams</a>} wide>
      <Answer query={query} what="The streams">{({ channels }) => <List channels={channels} />}</Answer>
    </Card>
  );
}

/** Oldest first, so that nothing moves when one starts. */
const OLDEST_FIRST: Order = { by: 'since', direction: 'ascending' };
const COLUMNS: Columns<Channel> = { since: (it) => it.started_at };
const keyOf = (channel: Channel) => channel.key;

function List({ channels }: { channels: Channel[] }) {
  const { placed, hold } = useSteady(channels, COLUMNS, OLDEST_FIRST, keyOf);
  return (
    <ul class="playing" {...hold}>
      {placed.map(({ row, gone }) => <Row key={row.key} channel={row} gone={gone} />)}
    </ul>
  );
}

function Row({ channel, gone }: { channel: Channel; gone: boolean }) {
  const { buffer } = channel;
  return (
    <li class={gone ? 'gone' : undefined}>
      <a href={to('streams', channel.key)}>
        <span class="name">{titleOf(channel)}</span>
        <Badge word={gone ? 'ended' : channel.state === 'live' ? channel.health : channel.state} title={channel.failure ?? undefined} />
        <span class="figures">
          <span>{counted(channel.viewers, 'viewer')}</span>
          <span>{rate(channel.rates.in_bps)}</span>
          <span class="engine">{channel.engine ?? 'no engine'}</span>
        </span>
        <Bar value={buffer.fill} label="Buffer" tone={toneOfBuffer(channel)}>{seconds(buffer.seconds)}, {bytes(buffer.bytes)}</Bar>
      </a>
    </li>
  );
}

function LastEvents() {
  const query = useEvents({ limit: EVENTS });
  const news = useNews();
  const nameOf = useNames();
  return (
    <Card title="Last events" actions={<a href={to('events')}>All events</a>}>
      <Answer query={query} what="The events">
        {(events) => {
          const last = joined(news, events).slice(0, EVENTS);
          if (last.length === 0) return <Empty title="Nothing has happened yet" />;
          return <ul class="events">{last.map((event) => <EventRow key={event.id} event={event} nameOf={nameOf} />)}</ul>;
        }}
      </Answer>
    </Card>
  );
}
