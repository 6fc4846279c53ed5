import { body, client } from "./client";
import type { EntityShape, Page, RecordChange, RecordItem } from "./types";

/** The entities whose records the caller may read. */
export function entities(): Promise<EntityShape[]> {
  return body(client.GET("/api/entities"));
}

export function record(entity: string, id: string): Promise<RecordItem> {
  return body(client.GET("/api/records/{entity}/{id}", { params: { path: { entity, id } } }));
}

/** Who changed a record, when and why, the newest first. */
export function recordHistory(entity: string, id: string, cursor: string | null): Promise<Page<RecordChange>> {
  return body(
    client.GET("/api/records/{entity}/{id}/history", { params: { path: { entity, id }, query: { cursor } } }),
  );
}
