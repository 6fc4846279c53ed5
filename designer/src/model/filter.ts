import type { InstanceFilter } from "@/api/instances";

export const STATUSES = ["running", "suspended", "ended", "cancelled"] as const;

/** The list's filter as an address carries it, so that a filtered list can be sent to a colleague. */
export function filterFrom(search: URLSearchParams): InstanceFilter {
  const status = STATUSES.find((known) => known === search.get("status")) ?? "";
  return {
    workflow: search.get("workflow") ?? "",
    status,
    key: search.get("key") ?? "",
    incidents: search.get("incidents") === "true",
  };
}

export function searchOf(filter: InstanceFilter): URLSearchParams {
  const search = new URLSearchParams();
  if (filter.workflow) search.set("workflow", filter.workflow);
  if (filter.status) search.set("status", filter.status);
  if (filter.key.trim()) search.set("key", filter.key.trim());
  if (filter.incidents) search.set("incidents", "true");
  return search;
}
