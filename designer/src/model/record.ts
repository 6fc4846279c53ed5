import type { EntityShape, RecordChange, Words } from "@/api/types";
import { lineText, shapeOf } from "./value";
import { type Language, type Translate, titled } from "./words";

/** A field's title with its unit, as `Amount (CNY)`; the field's id where the entity names none. */
export function fieldLabel(entity: EntityShape | undefined, field: string, language: Language): string {
  const shape = entity?.fields[field];
  const title = titled(shape?.title, language, field);
  return shape?.unit ? `${title} (${shape.unit})` : title;
}

/** The value of a choice by its title, any other as it is. */
export function fieldValue(
  entity: EntityShape | undefined,
  field: string,
  value: unknown,
  language: Language,
): unknown {
  const choice = entity?.fields[field]?.values?.find((one) => one.value === value);
  return choice ? titled(choice.title as Words | null, language, String(value)) : value;
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
export function changedText(value: unknown, t: Translate): string {
  if (shapeOf(value) === "line") return lineText(value, t);
  return t("value.items", { count: Array.isArray(value) ? value.length : Object.keys(value as object).length });
}

/** The instance that made a change, when it was one and no person. */
export function changingInstance(by: string): string | null {
  return by.startsWith("instance:") ? by.slice("instance:".length) : null;
}
