// Something that changes Weir: whether it is under way, what went wrong, and what is asked for again behind it.
import { useMutation, useQueryClient } from '@tanstack/react-query';

export function useAct<Given = void, Answer = unknown>(act: (given: Given) => Promise<Answer>, stale: readonly string[]) {
  const queries = useQueryClient();
  return useMutation<Answer, Error, Given>({
    mutationFn: act,
    networkMode: 'always',
    onSettled: () => Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
