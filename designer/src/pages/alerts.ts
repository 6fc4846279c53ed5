import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { alerts, markRead } from "@/api/alerts";
import { keys } from "./keys";

const LOOK_AGAIN_MS = 60_000;

export function useAlerts(unreadOnly: boolean) {
  return useQuery({
    queryKey: [...keys.alerts, unreadOnly],
    queryFn: () => alerts(unreadOnly),
    refetchInterval: LOOK_AGAIN_MS,
  });
}

export const useUnread = () => useAlerts(true);

export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({ mutationFn: markRead, onSuccess: () => client.invalidateQueries({ queryKey: keys.alerts }) });
}
