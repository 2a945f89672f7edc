// The viewers of one channel, longest there first. On a narrow page each row becomes a block.
import { useState } from 'react';
import type { ChannelDetail, Viewer } from '../api/types';
import { toneOfPlayable } from '../figures/channel';
import { agent, bytes, duration, number, rate, seconds } from '../figures/format';
import { Ago, Badge, Bar, Empty } from '../parts/small';
import { type Columns, Head, type Order, useSteady } from '../parts/table';

/** A table longer than this is not read, and is slow to draw each second. */
const ROWS_MAX = 200;

const COLUMNS: Columns<Viewer> = {
  agent: (it) => it.user_agent,
  mode: (it) => it.mode,
  playable: (it) => it.playable_seconds,
  behind: (it) => it.behind_live_seconds,
  underruns: (it) => it.underruns,
  rate: (it) => it.rate_bps,
  sent: (it) => it.bytes_sent,
  came: (it) => it.connected_at,
};

const keyOf = (viewer: Viewer) => viewer.client_id;

export function Viewers({ channel }: { channel: ChannelDetail }) {
  const [order, setOrder] = useState<Order>({ by: 'came', direction: 'ascending' });
  const { placed, hold } = useSteady(channel.viewers_list, COLUMNS, order, keyOf);
  if (placed.length === 0) return <Empty title="Nobody watches">It ends soon unless somebody comes.</Empty>;
  const head = { order, onOrder: setOrder };
  return (
    <div {...hold}>
      <table class="viewers">
        <caption class="hidden">Viewers</caption>
        <thead>
          <tr>
            <Head column="agent" {...head}>Player</Head>
            <Head column="mode" {...head}>Mode</Head>
            <Head column="playable" {...head}>Has ahead</Head>
            <Head column="behind" number {...head}>Behind live</Head>
            <Head column="underruns" number {...head}>Ran dry</Head>
            <Head column="rate" number {...head}>Rate</Head>
            <Head column="sent" number {...head}>Sent</Head>
            <Head column="came" number {...head}>Came</Head>
          </tr>
        </thead>
        <tbody>
          {placed.slice(0, ROWS_MAX).map(({ row, gone }) => (
            <Row key={row.client_id} viewer={row} gone={gone} target={channel.buffer.target_duration_seconds} />
          ))}
        </tbody>
      </table>
      {ROWS_MAX < placed.length && <p class="quiet">Shown are {ROWS_MAX} of {number(placed.length)}.</p>}
    </div>
  );
}

/** A bar is full with this much ahead: what players hold when all is well. */
const FULL_SECONDS = 30;

function Row({ viewer, gone, target }: { viewer: Viewer; gone: boolean; target: number | null | undefined }) {
  const name = agent(viewer.user_agent);
  return (
    <tr class={gone ? 'gone' : undefined}>
      <th scope="row" class="agent" title={viewer.user_agent ?? undefined}>
        {name}
        <span class="quiet">{viewer.ip_address ?? 'address unknown'}</span>
      </th>
      <td data-label="Mode">{viewer.mode} {viewer.waiting && <Badge word="waiting" tone="warning" title="It has nothing to play, or is shown the slate" />}{gone && <Badge word="left" />}</td>
      <td data-label="Has ahead">
        <Bar value={(viewer.playable_seconds ?? 0) / FULL_SECONDS} label={`Media ahead of ${name}`} tone={toneOfPlayable(viewer.playable_seconds, target)}>
          {seconds(viewer.playable_seconds)}
        </Bar>
      </td>
      <td data-label="Behind live" class="number">{seconds(viewer.behind_live_seconds)}</td>
      <td data-label="Ran dry" class="number" title={`stood still for ${duration(viewer.stalled_seconds)}, was shown the slate for ${duration(viewer.slate_seconds)}, moved on ${viewer.skips} times`}>
        {viewer.underruns === 0 ? 'never' : `${number(viewer.underruns)} × (${duration(viewer.stalled_seconds)})`}
      </td>
      <td data-label="Rate" class="number">{rate(viewer.rate_bps)}</td>
      <td data-label="Sent" class="number">{bytes(viewer.bytes_sent)}</td>
      <td data-label="Came" class="number"><Ago time={viewer.connected_at} /></td>
    </tr>
  );
}
