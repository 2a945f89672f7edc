// What needs a hand: nothing is shown when nothing does.

export function Notices({ notices }: { notices: string[] | undefined }) {
  return (
    <ul class="notices" aria-label="Needs a hand" aria-live="polite" hidden={!notices?.length}>
      {notices?.map((notice) => <li key={notice}>{notice}</li>)}
    </ul>
  );
}
