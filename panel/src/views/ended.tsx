// Streams that have ended, each with its story: why, how long, and what it carried.
import { useState } from 'react';
import { PAGE_ROWS, useEnded } from '../api/queries';
import type { EndedStream } from '../api/types';
import { shortKey, whyEnded } from '../figures/channel';
import { bytes, duration, number, roughly } from '../figures/format';
import { Answer, Card, Clock, Empty, Fact } from '../parts/small';
import { to } from '../route';

export function Ended() {
  const [offset, setOffset] = useState(0);
  const query = useEnded(offset);
  const total = query.data?.total ?? 0;
  return (
    <Card title="Ended" actions={<p class="quiet">{0 < total && number(total)}</p>} wide>
      <Answer query={query} what="The streams that ended">
        {({ streams }) =>
          streams.length === 0 ? <Empty title="No stream has ended yet" /> : (
            <ul class="ended">
              {streams.map((stream) => <li key={stream.id}><Story stream={stream} /></li>)}
            </ul>
          )}
      </Answer>
      {PAGE_ROWS < total && (
        <div class="actions">
          <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE_ROWS))}>Newer</button>
          <button type="button" disabled={total <= offset + PAGE_ROWS} onClick={() => setOffset(offset + PAGE_ROWS)}>Older</button>
        </div>
      )}
    </Card>
  );
}

function Story({ stream }: { stream: EndedStream }) {
  return (
    <details>
      <summary>
        <span class="name">{stream.title?.trim() || shortKey(stream.key)}</span>
        <span class="why">{whyEnded(stream)}</span>
        <span class="when quiet">
          {stream.ended_at ? <Clock time={stream.ended_at} /> : '–'}, after {roughly(stream.duration_seconds)}
        </span>
      </summary>
      <dl class="facts">
        <Fact name="Began"><Clock time={stream.started_at} /></Fact>
        <Fact name="Lasted">{duration(stream.duration_seconds)}</Fact>
        <Fact name="Ran">{stream.own ? 'here' : 'at another proxy'}</Fact>
        <Fact name="Last engine">{stream.container_id ? <a href={to('engines', stream.container_id)}>{stream.container_id}</a> : '–'}</Fact>
        <Fact name="Viewers at most">{number(stream.viewers_max)}</Fact>
        <Fact name="Received">{bytes(stream.bytes_in)}</Fact>
        <Fact name="Sent">{bytes(stream.bytes_out)}</Fact>
        <Fact name="Sources">{number(stream.sources)}</Fact>
        <Fact name="Failovers">{number(stream.failovers)}</Fact>
        <Fact name="Segments lost">{number(stream.segments_lost)}</Fact>
        <Fact name="Slate segments">{number(stream.slate_segments)}</Fact>
        <Fact name="Peers at the end">{number(stream.peers)}</Fact>
        <Fact name="Its engine took">{bytes(stream.downloaded)}</Fact>
        <Fact name="Its engine gave">{bytes(stream.uploaded)}</Fact>
        <Fact name="Asked for by">{stream.key_type.replace('_', ' ')}</Fact>
        <Fact name="Key" long><a href={to('streams', stream.channel ?? stream.key)}>{stream.key}</a></Fact>
      </dl>
    </details>
  );
}
