// What needs a hand. Its place is there whether or not something does, so that nothing moves when that changes.
import { useOverview } from '../api/queries';
import type { Overview, Problem } from '../api/types';
import { counted } from '../figures/format';
import { to } from '../route';

export function Problems() {
  const { data } = useOverview();
  const problems = data?.problems ?? [];
  return (
    <section class="needs" aria-label="What needs a hand" aria-live="polite">
      {data && problems.length === 0 && <Calm overview={data} />}
      <ul class="problems" aria-label="Needs a hand" tabIndex={problems.length === 0 ? undefined : 0} hidden={problems.length === 0}>
        {problems.map((problem) => (
          <li key={`${problem.what}${problem.channel}${problem.engine}`} data-tone={toneOf(problem)}>
            <p class="what">{problem.what}</p>
            <p class="quiet">{problem.how} <Where problem={problem} /></p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Calm({ overview: { engines } }: { overview: Overview }) {
  const answering = engines.total === 0 ? 'There is no engine to look after.' : `${engines.healthy} of ${counted(engines.total, 'engine')} up, ${engines.used} of ${counted(engines.places, 'place')} used.`;
  return (
    <div class="calm" data-tone="good">
      <p class="what">All is well</p>
      <p class="quiet">{answering}</p>
    </div>
  );
}

/** On the other pages, one line leads to them. */
export function ProblemLine() {
  const { data } = useOverview();
  const [first, ...others] = data?.problems ?? [];
  return (
    <div class="problem-line" role="status" data-tone={first && toneOf(first)} hidden={!first}>
      {first && (
        <>
          <span>{first.what}</span>
          <a href={to('overview')}>{others.length === 0 ? 'See what to do' : `And ${others.length} more`}</a>
        </>
      )}
    </div>
  );
}

function Where({ problem: { channel, engine } }: { problem: Problem }) {
  if (channel) return <a href={to('streams', channel)}>See the stream</a>;
  return engine ? <a href={to('engines', engine)}>See the engine</a> : null;
}

function toneOf(problem: Problem) {
  return problem.severity === 'error' ? 'bad' : 'warning';
}
