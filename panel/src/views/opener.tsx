// The field for a newcomer: paste what you have, and it plays.
import { useState } from 'react';
import type { Source } from '../api';
import { select } from '../selector';

interface Props {
  sources: Source[] | undefined;
  onOpen: (id: string, name: string) => void;
}

export function Opener({ sources, onOpen }: Props) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');

  const open = (event: Event) => {
    event.preventDefault();
    const selected = select(text, sources);
    if ('problem' in selected) {
      setProblem(selected.problem);
      return;
    }
    setProblem('');
    onOpen(selected.id, sources?.find((source) => source.id === selected.id)?.name ?? selected.id);
  };

  return (
    <form class="opener" onSubmit={open} noValidate>
      <label for="selector">Id, acestream:// link or source name</label>
      <div class="row">
        <input
          id="selector" type="text" value={text} autoComplete="off" autoCapitalize="none" spellcheck={false}
          placeholder="acestream://…" aria-invalid={problem !== ''} aria-describedby="selector-problem"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="primary">Play</button>
      </div>
      <p id="selector-problem" class="problem" role="alert">{problem}</p>
    </form>
  );
}
