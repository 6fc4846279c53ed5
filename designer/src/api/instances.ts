import { body, client } from "./client";
import type { InstanceDetail, InstanceItem, JournalRow, Page } from "./types";

/** What the list of instances is narrowed to; an empty text means any. */
export interface InstanceFilter {
  workflow: string;
  status: "" | InstanceItem["status"];
  key: string;
  incidents: boolean;
}

export function instances(filter: InstanceFilter, cursor: string | null, limit = 50): Promise<Page<InstanceItem>> {
  const query = {
    workflow: filter.workflow || undefined,
    status: filter.status || undefined,
    key: filter.key || undefined,
    incidents: filter.incidents || undefined,
    limit,
    cursor: cursor ?? undefined,
  };
  return body(client.GET("/api/instances", { params: { query } }));
}

export function instance(id: string): Promise<InstanceDetail> {
  return body(client.GET("/api/instances/{id}", { params: { path: { id } } }));
}

export function journal(id: string, cursor: string | null): Promise<Page<JournalRow>> {
  return body(client.GET("/api/instances/{id}/journal", { params: { path: { id }, query: { cursor } } }));
}

export function cancelInstance(id: string, why: string) {
  return body(client.POST("/api/instances/{id}/cancel", { params: { path: { id } }, body: { why } }));
}

export function suspendInstance(id: string, why: string) {
  return body(client.POST("/api/instances/{id}/suspend", { params: { path: { id } }, body: { why } }));
}

export function resumeInstance(id: string) {
  return body(client.POST("/api/instances/{id}/resume", { params: { path: { id } } }));
}

/** Tries the failed step again, after setting variables by path (`order.qty`) where `changes` are given. */
export function retryIncident(id: string, changes?: Record<string, unknown>) {
  return body(client.POST("/api/incidents/{id}/retry", { params: { path: { id } }, body: changes ? { changes } : {} }));
}

/** Goes on as if the step had given `value`. */
export function skipIncident(id: string, value: unknown) {
  return body(client.POST("/api/incidents/{id}/skip", { params: { path: { id } }, body: { value } }));
}

export function cancelIncident(id: string, why: string) {
  return body(client.POST("/api/incidents/{id}/cancel", { params: { path: { id } }, body: { why } }));
}
