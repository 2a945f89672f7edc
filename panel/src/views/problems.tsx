// What needs a hand: nothing is shown when nothing does.
import { useOverview } from '../api/queries';
import type { Problem } from '../api/types';
import { to } from '../route';

export function Problems() {
  const { data } = useOverview();
  const problems = data?.problems ?? [];
  return (
    <ul class="problems" aria-label="Needs a hand" aria-live="polite" hidden={problems.length === 0}>
      {problems.map((problem) => (
        <li key={`${problem.what}${problem.channel}${problem.engine}`} data-tone={toneOf(problem)}>
          <p class="what">{problem.what}</p>
          <p class="quiet">{problem.how}</p>
          <Where problem={problem} />
        </li>
      ))}
    </ul>
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
