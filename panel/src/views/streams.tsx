// All that runs, as one table: sorted, filtered, stopped one by one or several at once. Below it, what has ended.
import { useState } from 'react';
import { change } from '../api/client';
import { useChannels } from '../api/queries';
import type { Channel } from '../api/types';
import { shortKey, titleOf, toneOfBuffer } from '../figures/channel';
import { bytes, counted, engineRates, number, rate, roughly, wholeSeconds } from '../figures/format';
import { matches } from '../figures/order';
import { useAct } from '../parts/act';
import { Confirm } from '../parts/dialog';
import { Answer, Badge, Bar, Empty } from '../parts/small';
import { type Columns, Head, type Order, useSteady } from '../parts/table';
import { type Route, to } from '../route';
import { Ended } from './ended';

const COLUMNS: Columns<Channel> = {
  name: titleOf,
  health: (it) => it.health,
  engine: (it) => it.engine,
  mode: (it) => it.mode,
  viewers: (it) => it.viewers,
  rate: (it) => it.rates.in_bps,
  peers: (it) => it.engine_stat?.peers,
  down: (it) => it.engine_stat?.speed_down,
  buffer: (it) => it.buffer.seconds,
  since: (it) => it.uptime_seconds,
};

const keyOf = (channel: Channel) => channel.key;

export function stopChannel(key: string): Promise<unknown> {
  return change('delete', '/streams/{id}', { path: { id: key } });
}

export function Streams({ route }: { route: Route }) {
  const query = useChannels();
  const [typed, setTyped] = useState(route.query.get('q') ?? '');
  return (
    <>
      <header class="head">
        <h1>Streams</h1>
        {query.data && <p class="quiet">{counted(query.data.channels.length, 'stream')}</p>}
        <input
          type="search" class="filter" aria-label="Filter" value={typed} placeholder="Filter by name, engine, state…"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </header>
      <Answer query={query} what="The streams">
        {({ channels }) => (
          <Running
            channels={channels.filter((it) => matches(typed, [it.name, it.title, it.key, it.engine, it.state, it.health, it.mode]))}
            nothing={channels.length === 0 ? <Nothing /> : <Empty title="No stream fits the filter" />}
          />
        )}
      </Answer>
      <Ended />
    </>
  );
}

function Nothing() {
  return <Empty title="Nothing is playing">A stream starts with its first viewer and ends with its last. <a href={to('overview')}>Play one</a></Empty>;
}

function Running({ channels, nothing }: { channels: Channel[]; nothing: preact.JSX.Element }) {
  const [order, setOrder] = useState<Order>({ by: 'since', direction: 'descending' });
  const { placed, hold } = useSteady(channels, COLUMNS, order, keyOf);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const stop = useAct((keys: string[]) => stopAll(keys), ['channels', 'ended']);

  const there = placed.filter((it) => !it.gone).map((it) => it.row);
  const marked = there.filter((it) => chosen.has(it.key));
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    setChosen(next);
  };
  if (placed.length === 0) return <section class="card">{nothing}</section>;
  const head = { order, onOrder: setOrder };
  return (
    <section class="card table" aria-label="Running streams" {...hold}>
      <div class="bulk">
        <label class="check">
          <input
            type="checkbox" checked={marked.length === there.length && 0 < there.length}
            onChange={() => setChosen(new Set(marked.length === there.length ? [] : there.map(keyOf)))}
          />
          All
        </label>
        <button type="button" class="danger" disabled={marked.length === 0 || stop.isPending} onClick={() => setAsking(true)}>
          {stop.isPending ? 'Stopping…' : marked.length === 0 ? 'Stop' : `Stop ${counted(marked.length, 'stream')}`}
        </button>
        <p class="problem" role="status">{stop.error?.message}</p>
      </div>
      <table class="streams">
        <caption class="hidden">Running streams</caption>
        <thead>
          <tr>
            <td><span class="hidden">Choose</span></td>
            <Head column="name" {...head}>Stream</Head>
            <Head column="health" {...head}>Health</Head>
            <Head column="engine" {...head}>From</Head>
            <Head column="mode" {...head}>Mode</Head>
            <Head column="viewers" number {...head}>Viewers</Head>
            <Head column="rate" number {...head}>Rate</Head>
            <Head column="peers" number {...head}>Peers</Head>
            <Head column="down" number {...head}>Down / up</Head>
            <Head column="buffer" {...head}>Buffer</Head>
            <Head column="since" number {...head}>Up for</Head>
          </tr>
        </thead>
        <tbody>
          {placed.map(({ row, gone }) => (
            <Row key={row.key} channel={row} gone={gone} isChosen={chosen.has(row.key)} onToggle={() => toggle(row.key)} />
          ))}
        </tbody>
      </table>
      {asking && (
        <Confirm
          title={`Stop ${counted(marked.length, 'stream')}?`} action="Stop"
          onConfirm={() => stop.mutate(marked.map(keyOf))} onClose={() => setAsking(false)}
        >
          <ul>{marked.map((it) => <li key={it.key}>{titleOf(it)}, {counted(it.viewers, 'viewer')}</li>)}</ul>
          <p>Who watches them is cut off.</p>
        </Confirm>
      )}
    </section>
  );
}

interface RowProps {
  channel: Channel;
  gone: boolean;
  isChosen: boolean;
  onToggle: () => void;
}

function Row({ channel, gone, isChosen, onToggle }: RowProps) {
  const { buffer, engine_stat: stat } = channel;
  const title = titleOf(channel);
  const playable = channel.playable_seconds_min;
  return (
    <tr class={gone ? 'gone' : undefined}>
      <td class="choose"><input type="checkbox" aria-label={`Choose ${title}`} checked={isChosen && !gone} disabled={gone} onChange={onToggle} /></td>
      <th scope="row">
        <a href={to('streams', channel.key)}>{title}</a>
        {title !== channel.key && <span class="key quiet" title={channel.key}>{shortKey(channel.key)}</span>}
      </th>
      <td class="state">{gone ? <Badge word="ended" tone="quiet" /> : <State channel={channel} />}</td>
      <td data-label="From" class="from" title={channel.engine ?? undefined}>{channel.engine ?? '–'}</td>
      <td data-label="Mode">{channel.mode}</td>
      <td data-label="Viewers" class="number">{number(channel.viewers)}</td>
      <td data-label="Rate" class="number">{rate(channel.rates.in_bps)}</td>
      <td data-label="Peers" class="number">{number(stat?.peers)}</td>
      <td data-label="Down / up" class="number">{engineRates(stat?.speed_down, stat?.speed_up)}</td>
      <td data-label="Buffer" title={`${bytes(buffer.bytes)} of ${bytes(buffer.bytes_max)}, ${buffer.segments} of ${buffer.segments_max} segments`}>
        <Bar value={buffer.fill} label={`Buffer of ${title}`} tone={toneOfBuffer(channel)}>
          {wholeSeconds(buffer.seconds)}{playable != null && `, ${wholeSeconds(playable)} ahead`}
        </Bar>
      </td>
      <td data-label="Up for" class="number" title={channel.started_at ? `since ${new Date(channel.started_at).toLocaleString()}` : undefined}>
        {roughly(channel.uptime_seconds)}
      </td>
    </tr>
  );
}

export function State({ channel }: { channel: Channel }) {
  const word = channel.state === 'live' ? channel.health : channel.state;
  return (
    <>
      <Badge word={word} title={channel.failure ?? undefined} />
      {channel.on_slate && <Badge word="on slate" tone="warning" title="Viewers are shown a clip until media comes" />}
    </>
  );
}

/** One after the other: each is left in peace before the next. All are tried, and the first refusal is told. */
async function stopAll(keys: string[]) {
  const refusals: Error[] = [];
  for (const key of keys) {
    await stopChannel(key).catch((error: unknown) => refusals.push(error as Error));
  }
  if (refusals[0]) throw refusals[0];
}
