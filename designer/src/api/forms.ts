import { body, client } from "./client";
import type { DefinitionItem, FormView, StartableForm } from "./types";

/** The forms by which the caller may start something. */
export function startableForms(): Promise<StartableForm[]> {
  return body(client.GET("/api/forms"));
}

export function startForm(workflow: string, start: string): Promise<FormView> {
  return body(client.GET("/api/forms/{workflow}/{start}", { params: { path: { workflow, start } } }));
}

/** Sends a filled form. The same `submissionId` again is the same submission, never a second one. */
export function submitForm(workflow: string, start: string, submissionId: string, data: Record<string, unknown>) {
  return body(
    client.POST("/api/forms/{workflow}/{start}", {
      params: { path: { workflow, start } },
      body: { submission_id: submissionId, data },
    }),
  );
}

export async function publishedWorkflows(): Promise<DefinitionItem[]> {
  return (await body(client.GET("/api/definitions", { params: { query: { kind: "workflow" } } }))).items;
}
