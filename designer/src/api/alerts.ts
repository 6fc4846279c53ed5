import { body, client } from "./client";
import type { Alert } from "./types";

export async function alerts(unreadOnly: boolean): Promise<Alert[]> {
  const query = unreadOnly ? { unread: true } : {};
  return (await body(client.GET("/api/alerts", { params: { query } }))).items;
}

export function markRead(id: string) {
  return body(client.POST("/api/alerts/{id}/read", { params: { path: { id } } }));
}
