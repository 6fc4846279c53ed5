import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { markRead, unreadCount } from "@/api/alerts";
import { keys } from "./keys";

const LOOK_AGAIN_MS = 60_000;

export function useUnread() {
  return useQuery({ queryKey: keys.unread, queryFn: unreadCount, refetchInterval: LOOK_AGAIN_MS });
}

export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({ mutationFn: markRead, onSuccess: () => client.invalidateQueries({ queryKey: keys.allAlerts }) });
}
