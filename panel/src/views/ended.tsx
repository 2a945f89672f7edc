// Streams that have ended, each with its story: why, how long, and what it carried.
import { useState } from 'react';
import { useEnded, PAGE_ROWS } from '../api/queries';
import type { EndedStream } from '../api/types';
import { shortKey, whyEnded } from '../figures/channel';
import { kindInWords } from '../figures/event';
import { bytes, duration, number } from '../figures/format';
import { Answer, Card, Clock, Empty, Fact } from '../parts/small';

export function Ended() {
  const [offset, setOffset] = useState(0);
  const query = useEnded(offset);
  const isFull = query.data?.streams.length === PAGE_ROWS;
  return (
    <Card title="Ended" wide>
      <Answer query={query} what="The streams that ended">
        {({ streams }) =>
          streams.length === 0 ? <Empty title="No stream has ended yet" /> : (
            <ul class="ended">
              {streams.map((stream) => <li key={stream.id}><Story stream={stream} /></li>)}
            </ul>
          )}
      </Answer>
      {(0 < offset || isFull) && (
        <div class="actions">
          <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE_ROWS))}>Newer</button>
          <button type="button" disabled={!isFull} onClick={() => setOffset(offset + PAGE_ROWS)}>Older</button>
        </div>
      )}
    </Card>
  );
}

/** Shown in the line itself. */
const IN_LINE = ['id', 'key', 'key_type', 'name', 'title', 'started_at', 'ended_at', 'end_reason', 'status', 'is_live'];

function Story({ stream }: { stream: EndedStream }) {
  const lasted = stream.ended_at ? (Date.parse(stream.ended_at) - Date.parse(stream.started_at)) / 1000 : undefined;
  const name = [stream['name'], stream['title']].find((it) => typeof it === 'string' && it !== '') as string | undefined;
  const facts = Object.entries(stream).filter(([figure, value]) => !IN_LINE.includes(figure) && isPlain(value));
  return (
    <details>
      <summary>
        <span class="name">{name ?? shortKey(stream.key)}</span>
        <span class="why">{whyEnded(stream)}</span>
        <span class="quiet">{stream.ended_at ? <Clock time={stream.ended_at} /> : '–'}, after {duration(lasted)}</span>
      </summary>
      <dl class="facts">
        <Fact name="Key">{stream.key}</Fact>
        <Fact name="Began"><Clock time={stream.started_at} /></Fact>
        {facts.map(([figure, value]) => <Fact key={figure} name={nameOf(figure)}>{inWords(figure, value)}</Fact>)}
      </dl>
    </details>
  );
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
}

function nameOf(figure: string): string {
  return kindInWords(figure.replace(/_seconds$/, ''));
}

function inWords(figure: string, value: unknown): string {
  if (typeof value !== 'number') return String(value);
  if (figure.includes('bytes')) return bytes(value);
  return figure.endsWith('_seconds') ? duration(value) : number(value);
}
