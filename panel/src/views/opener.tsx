// The field for a newcomer: paste what you have, and it plays. Beside it, what Weir knows by name.
import { useId, useState } from 'react';
import { useSources } from '../api/queries';
import { select } from '../figures/selector';
import { Icon } from '../parts/icon';
import { go, to } from '../route';

export function Opener() {
  const { data } = useSources();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const id = useId();

  const open = (event: Event) => {
    event.preventDefault();
    const selected = select(text, data?.sources);
    if ('problem' in selected) {
      setProblem(selected.problem);
      return;
    }
    setProblem('');
    go(to('streams', selected.id, { play: 'hls' }));
  };

  return (
    <form class="opener" onSubmit={open} noValidate>
      <label for={id}>Id, acestream:// link or source name</label>
      <div class="row">
        <input
          id={id} type="text" value={text} autoComplete="off" autoCapitalize="none" spellcheck={false}
          placeholder="acestream://…" aria-invalid={problem !== ''} aria-describedby={`${id}-problem`}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="primary">Play</button>
      </div>
      <p id={`${id}-problem`} class="problem" role="alert">{problem}</p>
    </form>
  );
}

export function Sources() {
  const { data, error } = useSources();
  if (error && !data) return <p class="problem" role="status">The known channels could not be loaded: {error.message}</p>;
  if (!data) return <p class="quiet loading">Loading…</p>;
  if (data.sources.length === 0) {
    return <p class="quiet">Streams of your own get names by the variable WEIR_SOURCES; then they are listed here.</p>;
  }
  return (
    <ul class="sources" aria-label="Known channels">
      {data.sources.map((source) => (
        <li key={source.id}>
          <a href={to('streams', source.id, { play: 'hls' })}>
            <Icon name="play" />
            <span class="name">{source.name}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
