import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState } from "react";
import { type Liveness, watchInstances } from "@/api/events";
import { keys } from "../keys";

/** A burst of moves becomes one look at the server in this time, whatever the plant's pace. */
const FLUSH_MS = 1_500;

export const LivenessNow = createContext<Liveness>("connecting");
export const useLiveness = () => useContext(LivenessNow);

/** Keeps what is on the page true while instances move. */
export function useLiveUpdates(): Liveness {
  const client = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>("connecting");
  useEffect(() => {
    const moved = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      for (const id of moved) void client.invalidateQueries({ queryKey: keys.instance(id) });
      moved.clear();
      for (const key of [keys.allInstances, keys.allWork, keys.allAlerts]) {
        void client.invalidateQueries({ queryKey: key });
      }
    };
    const stop = watchInstances({
      moved: (what) => {
        moved.add(what.id);
        timer ??= setTimeout(flush, FLUSH_MS);
      },
      missed: () => void client.invalidateQueries(),
      liveness: setLiveness,
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client]);
  return liveness;
}
