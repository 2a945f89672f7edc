// The pool of a channel as a picture: its segments, the live edge, and each viewer's place in them.
import type { ChannelDetail } from '../api/types';
import { agent, bytes, counted, seconds } from '../figures/format';
import { type Marker, pool, type Tile } from '../figures/pool';

/** Numbers go on over restarts, and have nine digits; the last ones tell segments apart. */
const DIGITS = 4;

export function Pool({ channel }: { channel: ChannelDetail }) {
  const picture = pool(channel);
  const { buffer } = channel;
  if (picture.tiles.length === 0) return <p class="quiet">No segment is held yet.</p>;
  const words = `${counted(channel.window.length, 'segment')} of ${seconds(picture.seconds)} in all, number ${picture.tiles[0]?.sequence} to ${buffer.last_sequence ?? picture.tiles.at(-1)?.sequence}; ${counted(channel.viewers_list.length, 'viewer')}`;
  return (
    <figure class="pool">
      <div class="picture" role="img" aria-label={words}>
        <div class="playheads">
          {picture.markers.map((marker, index) => <Playhead key={index} marker={marker} />)}
        </div>
        <div class="water">
          {picture.tiles.map((tile) => <TileBox key={tile.sequence} tile={tile} />)}
        </div>
        <div class="edge" style={{ left: percent(picture.edge) }} title="The live edge: what is behind it is whole" />
      </div>
      <figcaption class="legend">
        <span><i class="key listed" /> in the playlist</span>
        <span><i class="key held" /> held for who is late</span>
        {channel.open && <span><i class="key open" /> being received</span>}
        {channel.window.some((it) => it.slate) && <span><i class="key slate" /> slate</span>}
        {channel.window.some((it) => it.discontinuity) && <span><i class="key gap" /> break</span>}
        <span><i class="key viewer" /> viewer</span>
        {0 < buffer.reserve_seconds && <span>{seconds(buffer.reserve_seconds)} more wait for their time</span>}
      </figcaption>
    </figure>
  );
}

function TileBox({ tile }: { tile: Tile }) {
  const kind = tile.kind === 'segment' && !tile.listed ? 'held' : tile.kind;
  const about = [
    `${tile.sequence}`, seconds(tile.duration), bytes(tile.bytes),
    tile.discontinuity ? 'begins after a break' : '', tile.kind === 'open' ? 'being received' : '',
  ];
  return (
    <div
      class={`box ${kind} ${tile.discontinuity ? 'gap' : ''}`} title={about.filter(Boolean).join(', ')}
      style={{ left: percent(tile.left), width: percent(tile.width) }}
    >
      <span class="level" style={{ height: percent(tile.fill) }} />
      <span class="sequence">{String(tile.sequence).slice(-DIGITS)}</span>
      <span class="length">{tile.duration.toFixed(1)} s</span>
    </div>
  );
}

function Playhead({ marker: { left, viewers, waiting } }: { marker: Marker }) {
  const names = viewers.slice(0, 5).map((it) => `${agent(it.user_agent)}, ${seconds(it.playable_seconds)} ahead`);
  const more = viewers.length - names.length;
  return (
    <span
      class={`playhead ${waiting ? 'waiting' : ''}`} style={{ left: percent(left) }}
      title={[...names, ...(0 < more ? [`and ${more} more`] : [])].join('\n')}
    >
      {1 < viewers.length && <b>{viewers.length}</b>}
    </span>
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}
