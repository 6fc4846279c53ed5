import {
  type ErrorSchema,
  ErrorSchemaBuilder,
  type RJSFSchema,
  type RJSFValidationError,
  type ValidationData,
  type ValidatorType,
} from "@rjsf/utils";
import type { JsonSchema } from "@/api/types";
import type { Translate } from "@/model/words";
import { fits, wrongs } from "./wrong";

type FormData = Record<string, unknown>;

/** Errors by field, in the shape of the form library. */
export function errorSchemaOf(places: Iterable<{ path: string[]; message: string }>): ErrorSchema<FormData> {
  const builder = new ErrorSchemaBuilder<FormData>();
  for (const { path, message } of places) builder.addErrors(message, path);
  return builder.ErrorSchema;
}

function validated(schema: JsonSchema, data: unknown, t: Translate): ValidationData<FormData> {
  const found = wrongs(schema, data, t);
  const errors: RJSFValidationError[] = found.map(({ path, keyword, message }) => ({
    name: keyword,
    property: `.${path.join(".")}`,
    message,
    stack: message,
  }));
  return { errors, errorSchema: errorSchemaOf(found) };
}

/**
 * The form library's validator over an interpreting one: it needs no `unsafe-eval` in the content security policy,
 * and its sentences are the page's own.
 */
export function validatorIn(t: Translate): ValidatorType<FormData, RJSFSchema> {
  return {
    validateFormData: (data, schema) => validated(schema as JsonSchema, data, t),
    isValid: (schema, data, root) => fits(schema as JsonSchema, data, root as JsonSchema),
    rawValidation: <Result>(schema: RJSFSchema, data?: FormData) => ({
      errors: wrongs(schema as JsonSchema, data, t) as Result[],
    }),
  };
}
