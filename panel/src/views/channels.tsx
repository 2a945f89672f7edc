// What is playing, newest last, so that a poll moves nothing that was there.
import type { UseQueryResult } from '@tanstack/react-query';
import type { Channel, ProxyStatus, Source } from '../api';
import { bytes, counted, duration, seconds } from '../format';
import { select } from '../selector';
import { Viewers } from './viewers';

interface Props {
  query: UseQueryResult<ProxyStatus>;
  sources: Source[] | undefined;
  onOpen: (id: string, name: string) => void;
}

export function Channels({ query, sources, onOpen }: Props) {
  return (
    <>
      {query.isPending && <p class="quiet">Asking Weir…</p>}
      {query.isError && (
        <p class="problem" role="status">
          Weir does not say what is playing: {query.error.message}
          {query.data && '. Shown is what it said last.'}
        </p>
      )}
      {query.data?.channels.length === 0 && <p class="quiet">Nothing. A channel starts with its first viewer and ends with its last.</p>}
      <ul class="channels">
        {query.data && inOrder(query.data.channels).map((channel) => (
          <li key={channel.key}>
            <ChannelCard channel={channel} now={query.dataUpdatedAt} sources={sources} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </>
  );
}

function inOrder(channels: Channel[]): Channel[] {
  return [...channels].sort((a, b) => a.started_at.localeCompare(b.started_at) || a.key.localeCompare(b.key));
}

interface CardProps {
  channel: Channel;
  now: number;
  sources: Source[] | undefined;
  onOpen: (id: string, name: string) => void;
}

function ChannelCard({ channel, now, sources, onOpen }: CardProps) {
  const named = sources?.find((source) => source.id === channel.key);
  const name = named?.name ?? channel.name ?? channel.key;
  const selected = select(channel.key, sources ?? []);
  return (
    <article class="card" aria-label={name}>
      <header>
        <div>
          <h3>{name}</h3>
          {name !== channel.key && <p class="key quiet">{channel.key}</p>}
        </div>
        <p class="state" data-state={channel.state}>{channel.state}</p>
        {'id' in selected && (
          <button type="button" aria-label={`Watch ${name}`} onClick={() => onOpen(selected.id, name)}>Watch</button>
        )}
      </header>
      <dl>
        <Fact name="Viewers">{channel.viewers}</Fact>
        <Fact name="Up for">{duration(channel.uptime_seconds)}</Fact>
        <Fact name="Buffer">{seconds(channel.buffer_seconds)}, {bytes(channel.buffer_bytes)}</Fact>
        <Fact name="Received">{bytes(channel.bytes_in)}</Fact>
        <Fact name="Sent">{bytes(channel.bytes_out)}</Fact>
        <Fact name="From">{channel.engine ?? channel.source ?? '–'}</Fact>
        <Fact name="Upstream">
          {counted(channel.upstream.sessions, 'session')}, {counted(channel.upstream.failures, 'failure')}
        </Fact>
        <Fact name="Mode">{channel.mode.toUpperCase()}</Fact>
      </dl>
      <Viewers of={name} viewers={channel.clients} now={now} />
    </article>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
