import type { InstanceMoved } from "./types";

/** Whether moves of instances reach this page as they happen. */
export type Liveness = "connecting" | "live" | "broken";

/** What a page wants to hear of: single moves, that some were missed, and whether it hears at all. */
export interface Listener {
  moved: (what: InstanceMoved) => void;
  missed: () => void;
  liveness: (now: Liveness) => void;
}

/** Listens to instances that move; the browser reconnects and resumes by itself. Returns how to stop. */
export function watchInstances({ moved, missed, liveness }: Listener): () => void {
  const source = new EventSource("/api/events");
  source.addEventListener("open", () => liveness("live"));
  source.addEventListener("error", () => liveness(source.readyState === EventSource.CLOSED ? "broken" : "connecting"));
  source.addEventListener("reset", missed);
  source.addEventListener("instance", (event) => {
    try {
      moved(JSON.parse((event as MessageEvent<string>).data) as InstanceMoved);
    } catch {
      // A frame that is no JSON says nothing about an instance; the next one will.
    }
  });
  return () => source.close();
}
