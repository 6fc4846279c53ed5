import { body, client } from "./client";
import type { Page, TaskDetail, TaskItem } from "./types";

export type TaskStatus = "open" | "done";

/** The user tasks that the caller may do (open) or did (done). */
export function userTasks(status: TaskStatus, cursor: string | null): Promise<Page<TaskItem>> {
  return body(client.GET("/api/user-tasks", { params: { query: { status, cursor: cursor ?? undefined } } }));
}

export function userTask(id: string): Promise<TaskDetail> {
  return body(client.GET("/api/user-tasks/{id}", { params: { path: { id } } }));
}

export function claim(id: string) {
  return body(client.POST("/api/user-tasks/{id}/claim", { params: { path: { id } } }));
}

export function release(id: string) {
  return body(client.POST("/api/user-tasks/{id}/release", { params: { path: { id } } }));
}

export function decide(id: string, outcome: string, data: Record<string, unknown>) {
  return body(client.POST("/api/user-tasks/{id}/decide", { params: { path: { id } }, body: { outcome, data } }));
}
