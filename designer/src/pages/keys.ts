import type { InstanceFilter } from "@/api/instances";
import type { TaskStatus } from "@/api/work";

/** Names of what the page has fetched; the first word is what a change makes stale. */
export const keys = {
  session: ["session"] as const,
  work: (status: TaskStatus) => ["work", status] as const,
  allWork: ["work"] as const,
  task: (id: string) => ["task", id] as const,
  instances: (filter: InstanceFilter) => ["instances", filter] as const,
  allInstances: ["instances"] as const,
  instance: (id: string) => ["instance", id] as const,
  journal: (id: string) => ["instance", id, "journal"] as const,
  workflows: ["workflows"] as const,
  entities: ["entities"] as const,
  record: (entity: string, id: string) => ["record", entity, id] as const,
  recordHistory: (entity: string, id: string) => ["record", entity, id, "history"] as const,
  forms: ["forms"] as const,
  form: (workflow: string, start: string) => ["form", workflow, start] as const,
  allAlerts: ["alerts"] as const,
  alerts: (unreadOnly: boolean) => ["alerts", "list", unreadOnly] as const,
  unread: ["alerts", "unread"] as const,
};
