// One channel, opened: what it holds, who plays what of it, how it got here, and a player.
import { useState } from 'react';
import { type Mode, playUrl } from '../api/links';
import { useChannel, useChannels, useSources } from '../api/queries';
import type { ChannelDetail, Percentiles } from '../api/types';
import { found, titleOf } from '../figures/channel';
import { bytes, counted, duration, engineRates, milliseconds, number, rate, seconds } from '../figures/format';
import { useAct } from '../parts/act';
import { Confirm } from '../parts/dialog';
import { Link } from '../parts/link';
import { Ago, Answer, Card, Clock, Empty, Fact } from '../parts/small';
import { to } from '../route';
import { Charts } from './charts';
import { Player } from './player';
import { Pool } from './pool';
import { State, stopChannel } from './streams';
import { Viewers } from './viewers';

export function Stream({ channel: key, play }: { channel: string; play: string | null }) {
  const all = useChannels();
  const running = found(all.data?.channels ?? [], key)?.key;
  const query = useChannel(running);
  const known = useSources().data?.sources.find((it) => it.id === key);
  const [mode, setMode] = useState<Mode | undefined>(play === 'hls' || play === 'ts' ? play : undefined);
  const isAbsent = all.data !== undefined && running === undefined;
  const channel = isAbsent ? undefined : query.data;
  const name = known?.name ?? (channel ? titleOf(channel) : key);
  return (
    <>
      <header class="head">
        <p class="crumb"><a href={to('streams')}>Streams</a></p>
        <h1>{name}</h1>
        {channel && <State channel={channel} />}
        <div class="actions">
          {mode === undefined && playUrl(key, 'hls') && (
            <button type="button" class="primary" onClick={() => setMode('hls')}>Watch</button>
          )}
          {channel && <Stop channel={channel} name={name} />}
        </div>
      </header>
      {channel?.failure && <p class="problem" role="status">{channel.failure}</p>}
      {mode && (
        <div class="watching">
          <Player channel={key} name={name} mode={mode} onMode={setMode} onClose={() => setMode(undefined)} />
          <div class="stack">
            <Links channel={key} />
            {channel && <Now channel={channel} />}
          </div>
        </div>
      )}
      {isAbsent ? <NotRunning isOpening={mode !== undefined} /> : (
        <Answer<unknown> query={all.isError && !all.data ? all : query} what="The stream">{() => channel && <Detail channel={channel} />}</Answer>
      )}
      {mode === undefined && <Links channel={key} />}
    </>
  );
}

function NotRunning({ isOpening }: { isOpening: boolean }) {
  return (
    <section class="card">
      <Empty title={isOpening ? 'It is being opened' : 'It is not running'}>
        {isOpening ? 'What is known of it appears here with its first media.' : 'It starts with its first viewer: press Watch, or open a link below.'}
      </Empty>
    </section>
  );
}

function Stop({ channel, name }: { channel: ChannelDetail; name: string }) {
  const [asking, setAsking] = useState(false);
  const stop = useAct(() => stopChannel(channel.key), ['channel', 'channels', 'ended']);
  return (
    <>
      <button type="button" class="danger" disabled={stop.isPending} onClick={() => setAsking(true)}>{stop.isPending ? 'Stopping…' : 'Stop'}</button>
      {stop.isError && <p class="problem" role="alert">{stop.error.message}</p>}
      {asking && (
        <Confirm title={`Stop ${name}?`} action="Stop" onConfirm={() => stop.mutate()} onClose={() => setAsking(false)}>
          <p>{channel.viewers === 0 ? 'Nobody watches it.' : `It cuts off ${counted(channel.viewers, 'viewer')}.`}</p>
        </Confirm>
      )}
    </>
  );
}

function Detail({ channel }: { channel: ChannelDetail }) {
  return (
    <>
      <Card title="Pool" actions={<p class="quiet"><Held channel={channel} /></p>} wide><Pool channel={channel} /></Card>
      <Card title="Viewers" actions={<p class="quiet">{number(channel.viewers)}</p>} wide><Viewers channel={channel} /></Card>
      <Charts channel={channel.key} />
      <div class="columns">
        <Source channel={channel} />
        <Counters channel={channel} />
      </div>
    </>
  );
}

/** What one looks at beside the picture. */
function Now({ channel }: { channel: ChannelDetail }) {
  const { rates, engine_stat: stat } = channel;
  return (
    <Card title="Now">
      <dl class="facts">
        <Fact name="Viewers">{number(channel.viewers)}</Fact>
        <Fact name="Worst has ahead">{seconds(channel.playable_seconds_min)}</Fact>
        <Fact name="In">{rate(rates.in_bps)}</Fact>
        <Fact name="Out">{rate(rates.out_bps)}</Fact>
        <Fact name="Peers">{number(stat?.peers)}</Fact>
        <Fact name="Up for">{duration(channel.uptime_seconds)}</Fact>
      </dl>
    </Card>
  );
}

function Held({ channel: { buffer } }: { channel: ChannelDetail }) {
  return (
    <>
      {buffer.segments} of {buffer.segments_max} segments, {bytes(buffer.bytes)} of {bytes(buffer.bytes_max)}, {seconds(buffer.seconds)}
    </>
  );
}

function Source({ channel }: { channel: ChannelDetail }) {
  const { source_quality: quality, engine_stat: stat } = channel;
  const live = stat?.livepos;
  return (
    <Card title="Source">
      <dl class="facts">
        <Fact name="Engine">{channel.engine ? <a href={to('engines', channel.engine)}>{channel.engine}</a> : 'none'}</Fact>
        <Fact name="Comes as">{channel.stream === 'ts' ? 'continuous TS' : channel.stream === 'hls' ? 'a playlist' : '–'}</Fact>
        <Fact name="Asked for by">{channel.source.replace('_', ' ')}</Fact>
        <Fact name="Since">{channel.started_at ? <Clock time={channel.started_at} /> : '–'}</Fact>
        <Fact name="Up for">{duration(channel.uptime_seconds)}</Fact>
        <Fact name="Last segment">{quality.last_segment_age_seconds == null ? '–' : `${seconds(quality.last_segment_age_seconds)} ago`}</Fact>
        <Fact name="Fetches take" title="the middle one, and the slowest of a hundred">{spread(quality.fetch_ms)}</Fact>
        <Fact name="Comes late by" title="the middle one, and the latest of a hundred">{spread(quality.lateness_ms)}</Fact>
        <Fact name="Jitter" title="the middle one, and the worst of a hundred">{spread(quality.jitter_ms)}</Fact>
        {stat && <Fact name="Peers">{number(stat.peers)}</Fact>}
        {stat && <Fact name="Down / up">{engineRates(stat.speed_down, stat.speed_up)}</Fact>}
        {stat && <Fact name="Downloaded">{bytes(stat.downloaded)}</Fact>}
        {stat && <Fact name="Uploaded">{bytes(stat.uploaded)}</Fact>}
        {live && <Fact name="Live position">{liveTime(live.pos)}</Fact>}
        {live && <Fact name="Newest live">{live.live_last ? <Ago time={new Date(live.live_last * 1000).toISOString()} /> : '–'}</Fact>}
        {live && <Fact name="Pieces held">{number(live.buffer_pieces)}</Fact>}
        {channel.infohash && <Fact name="Infohash" long>{channel.infohash}</Fact>}
        <Fact name="Key" long>{channel.key}</Fact>
      </dl>
    </Card>
  );
}

function spread(found: Percentiles | null | undefined): string {
  return found ? `${milliseconds(found.p50)} to ${milliseconds(found.p99)}` : '–';
}

function liveTime(position: number | null | undefined) {
  return position ? <Clock time={new Date(position * 1000).toISOString()} /> : <>–</>;
}

function Counters({ channel: { counters, rates } }: { channel: ChannelDetail }) {
  return (
    <Card title="Since it began">
      <dl class="facts">
        <Fact name="Received">{bytes(counters.bytes_in)}, now {rate(rates.in_bps)}</Fact>
        <Fact name="Sent">{bytes(counters.bytes_out)}, now {rate(rates.out_bps)}</Fact>
        <Fact name="Segments">{number(counters.segments)}</Fact>
        <Fact name="Lost">{number(counters.segments_lost)}</Fact>
        <Fact name="Gaps">{number(counters.gaps)}</Fact>
        <Fact name="Breaks marked">{number(counters.discontinuities)}</Fact>
        <Fact name="Slate segments">{number(counters.slate_segments)}</Fact>
        <Fact name="Sessions">{number(counters.sessions)}</Fact>
        <Fact name="Failovers">{number(counters.failovers)}</Fact>
        <Fact name="Failures">{number(counters.failures)}</Fact>
        <Fact name="Retries">{number(counters.retries)}</Fact>
        <Fact name="Asked too late" title="segments that a viewer asked for and that were gone">{number(counters.segments_404)}</Fact>
        <Fact name="Flaws" title="what was wrong with the source's stream">{number(counters.flaws)}</Fact>
        <Fact name="Repeats" title="media that came twice and was shown once">{number(counters.repeats)}</Fact>
      </dl>
    </Card>
  );
}

function Links({ channel }: { channel: string }) {
  return (
    <Card title="Links for other players">
      {playUrl(channel, 'hls') === undefined ? <p class="quiet">It was opened by an address, and is opened by that address again.</p> : (
        <div class="stack">
          <Link label="HLS link" url={playUrl(channel, 'hls')} />
          <Link label="TS link" url={playUrl(channel, 'ts')} />
        </div>
      )}
    </Card>
  );
}
