// A link to be carried to another player.
import { useId, useRef, useState } from 'react';

interface Props {
  label: string;
  url: string | undefined;
}

export function Link({ label, url }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<string>();

  const copy = async () => {
    if (!url) return;
    field.current?.select();
    if (await copyText(url)) setCopied(url);
  };

  return (
    <div class="link">
      <label for={id}>{label}</label>
      <div class="row">
        <input id={id} ref={field} type="text" readOnly disabled={!url} value={url ?? ''} onFocus={() => field.current?.select()} />
        <button type="button" class="copy" disabled={!url} aria-label={`Copy ${label}`} onClick={() => void copy()}>
          {url && copied === url ? 'Copied' : 'Copy'}
        </button>
      </div>
    </div>
  );
}

/** Pages without TLS have no clipboard; there the selected field is copied in the old way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}
