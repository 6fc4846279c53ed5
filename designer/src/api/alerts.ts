import { body, client } from "./client";
import type { Alert, Page } from "./types";

export function alerts(unreadOnly: boolean, cursor: string | null): Promise<Page<Alert>> {
  return body(client.GET("/api/alerts", { params: { query: { unread: unreadOnly, cursor } } }));
}

/** How many alerts nobody of the reader's roles has read. */
export async function unreadCount(): Promise<number> {
  const page = await body(client.GET("/api/alerts", { params: { query: { unread: true, limit: 1 } } }));
  return page.unread ?? 0;
}

export function markRead(id: string) {
  return body(client.POST("/api/alerts/{id}/read", { params: { path: { id: Number(id) } } }));
}
