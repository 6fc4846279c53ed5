/** The words of the HTTP contract, by the names this page uses; generated from the server's OpenAPI document. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Words = Schemas["Words"];
export type Session = Schemas["Session"];
export type InstanceItem = Schemas["Instance"];
export type InstanceDetail = Schemas["InstanceDetail"];
export type TokenView = Schemas["Token"];
export type Incident = Schemas["Incident"];
export type JournalRow = Schemas["JournalRow"];
export type TaskItem = Schemas["Task"];
export type TaskDetail = Schemas["TaskDetail"];
export type StartableForm = Schemas["StartableForm"];
export type FormView = Schemas["FormView"];
export type Alert = Schemas["Alert"];
export type DefinitionItem = Schemas["DefinitionItem"];

/** A JSON Schema as the server sends it for a form. */
export type JsonSchema = Record<string, unknown>;

/** One page of a list and where the next begins; null when this was the last. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** A step record of the journal: what happened (`step`) at which node; the other keys belong to the step. */
export interface JournalStep {
  step: string;
  node?: string | null;
  title?: Words | string | null;
  [more: string]: unknown;
}

/** What `GET /api/events` says when an instance moved. */
export interface InstanceMoved {
  id: string;
  rev: number;
  status: string;
  workflow: string;
}

/** How one piece of data reads: its title, unit, choices, and the same for what it holds. */
export type Reading = Schemas["Reading"];
export type EntityShape = Schemas["Entity"];
export type RecordItem = Schemas["Record"];
export type RecordChange = Schemas["Change"];
