import type { EntityShape, Reading, RecordChange } from "@/api/types";
import { lineText, shapeOf } from "./value";
import type { Speech } from "./words";

/** How a field of a record reads; undefined where the entity does not name it. */
export function fieldData(entity: EntityShape | undefined, field: string): Reading | undefined {
  const shape = entity?.fields[field];
  return shape && { ...shape, key: field };
}

export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** What one change did, field by field; nothing for the first, which made the record. */
export function fieldChanges(change: RecordChange): FieldChange[] {
  if (change.rev === 1) return [];
  return Object.entries(change.changes).map(([field, raw]) => {
    const moved = (raw ?? {}) as { from?: unknown; to?: unknown };
    return { field, from: moved.from ?? null, to: moved.to ?? null };
  });
}

/** A changed value in one line; one with parts only says how many. */
export function changedText(value: unknown, speech: Speech, data?: Reading): string {
  if (shapeOf(value) === "line") return lineText(value, speech, data);
  return speech.t("value.items", { count: Array.isArray(value) ? value.length : Object.keys(value as object).length });
}

/** The instance that made a change, when it was one and no person. */
export function changingInstance(by: string): string | null {
  return by.startsWith("instance:") ? by.slice("instance:".length) : null;
}
