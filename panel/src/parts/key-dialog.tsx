// Asks for the API key when Weir wants one. It stays in this browser, and goes nowhere but to Weir.
import { useEffect, useRef, useState } from 'react';
import { setAsker, writeKey } from '../api/key';
import { Dialog } from './dialog';

interface Asked {
  wasWrong: boolean;
  answer: (given: boolean) => void;
}

export function KeyDialog() {
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    setAsker((wasWrong) => new Promise((answer) => setAsked({ wasWrong, answer })));
    return () => setAsker(() => Promise.resolve(false));
  }, []);
  if (!asked) return null;
  const close = (given: boolean) => {
    asked.answer(given);
    setAsked(undefined);
  };
  return (
    <Dialog title="API key" onClose={() => close(false)}>
      <p>{asked.wasWrong ? 'Weir does not take the key that this browser has.' : 'Weir wants its API key before it changes anything.'}</p>
      <KeyForm onGiven={() => close(true)} onCancel={() => close(false)} />
    </Dialog>
  );
}

export function KeyForm({ onGiven, onCancel }: { onGiven: () => void; onCancel?: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [keep, setKeep] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? '';
    if (key === '') return;
    writeKey(key, keep);
    if (field.current) field.current.value = '';
    onGiven();
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label>
        API key
        <input ref={field} type="password" name="weir-api-key" autoComplete="off" required />
      </label>
      <label class="check">
        <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} />
        Keep it in this browser, also when the tab is closed
      </label>
      <div class="actions">
        {onCancel && <button type="button" onClick={onCancel}>Cancel</button>}
        <button type="submit" class="primary">Use this key</button>
      </div>
    </form>
  );
}
