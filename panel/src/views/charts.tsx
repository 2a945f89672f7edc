// A channel over the last minutes: rates, what is held, and its swarm.
import { useMemo, useState } from 'react';
import { type Range, useBufferSeries } from '../api/queries';
import { engineRate, number, rate, seconds } from '../figures/format';
import { columns } from '../figures/series';
import { Chart, type Line } from '../parts/chart';
import { RangeChoice } from '../parts/range';
import { Answer, Card } from '../parts/small';

const RATES: Line[] = [
  { name: 'in', color: '--line-1', fill: true, format: rate },
  { name: 'out', color: '--line-2', format: rate },
];
const HELD: Line[] = [
  { name: 'held', color: '--line-1', fill: true, format: seconds },
  { name: 'in reserve', color: '--line-3', format: seconds },
  { name: 'worst viewer has', color: '--line-2', format: seconds },
];
const PEERS: Line[] = [{ name: 'peers', color: '--line-1', fill: true, format: number }];
const SWARM: Line[] = [
  { name: 'down', color: '--line-1', fill: true, format: engineRate },
  { name: 'up', color: '--line-2', format: engineRate },
];

export function Charts({ channel }: { channel: string }) {
  const [range, setRange] = useState<Range>('minutes');
  const query = useBufferSeries(channel, range);
  const series = query.data;
  const data = useMemo(() => {
    const { points = [], interval_seconds: interval = 1 } = series ?? {};
    return {
      rates: columns(points, interval, [(it) => it.in_bps, (it) => it.out_bps]),
      held: columns(points, interval, [(it) => it.seconds, (it) => it.reserve_seconds, (it) => it.playable_seconds_min]),
      peers: columns(points, interval, [(it) => it.peers]),
      swarm: columns(points, interval, [(it) => it.speed_down, (it) => it.speed_up]),
    };
  }, [series]);
  const hasSwarm = series?.points.some((it) => it.peers != null || it.speed_down != null);
  return (
    <Card title="Over time" actions={<RangeChoice range={range} onRange={setRange} />} wide>
      <Answer query={query} what="The charts">
        {() => (
          <div class="charts">
            <Chart title="Buffer" data={data.held} lines={HELD} />
            <Chart title="Rates" data={data.rates} lines={RATES} />
            {hasSwarm && <Chart title="Swarm" data={data.swarm} lines={SWARM} />}
            {hasSwarm && <Chart title="Peers" data={data.peers} lines={PEERS} />}
          </div>
        )}
      </Answer>
    </Card>
  );
}
