import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import type { JsonSchema } from "@/api/types";
import type { Translate } from "@/model/words";

/** A place in a form's data that does not hold what it must, with the sentence for whoever fills it in. */
export interface Wrong {
  path: string[];
  keyword: string;
  message: string;
}

/** Keywords that only say that something deeper is wrong. */
const CARRIERS = new Set([
  "properties",
  "patternProperties",
  "items",
  "prefixItems",
  "additionalItems",
  "$ref",
  "allOf",
  "if",
  "dependentSchemas",
  "dependencies",
  "unevaluatedProperties",
  "unevaluatedItems",
]);
const CHOICES = new Set(["oneOf", "anyOf"]);

const steps = (pointer: string): string[] =>
  pointer
    .replace(/^#/, "")
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));

const isNode = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

/** What stands at a keyword's location, followed through `$ref`s. */
function schemaAt(root: JsonSchema, location: string[]): unknown {
  let at: unknown = root;
  for (const step of location) {
    if (!isNode(at)) return undefined;
    at = at[step];
    if (step === "$ref" && typeof at === "string") at = schemaAt(root, steps(at));
  }
  return at;
}

/** Data as JSON would carry it: emptied fields are absent. */
export function bare(data: unknown): unknown {
  return data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown);
}

/** Errors of the alternatives of a failed choice shrink to those of the alternative that fits best. */
function withoutOtherChoices(units: OutputUnit[]): OutputUnit[] {
  let kept = units;
  for (const choice of units.filter((unit) => CHOICES.has(unit.keyword))) {
    const below = kept.filter((unit) => unit.keywordLocation.startsWith(`${choice.keywordLocation}/`));
    if (!below.length) continue;
    const branches = new Map<string, OutputUnit[]>();
    for (const unit of below) {
      const branch = unit.keywordLocation.slice(choice.keywordLocation.length + 1).split("/", 1)[0] ?? "";
      branches.set(branch, [...(branches.get(branch) ?? []), unit]);
    }
    const best = [...branches.values()].sort((a, b) => misfit(a, choice) - misfit(b, choice))[0] ?? [];
    const keepBest = misfit(best, choice) < MISFIT;
    kept = kept.filter((unit) => !below.includes(unit) || (keepBest && best.includes(unit)));
    if (keepBest) kept = kept.filter((unit) => unit !== choice);
  }
  return kept;
}

const MISFIT = 1000;

/** How badly an alternative fits: a wrong constant or type says that another one was meant. */
function misfit(branch: OutputUnit[], choice: OutputUnit): number {
  const meantAnother = branch.some(
    (unit) =>
      ["const", "enum"].includes(unit.keyword) ||
      (unit.keyword === "type" && unit.instanceLocation === choice.instanceLocation),
  );
  return branch.length + (meantAnother ? MISFIT : 0);
}

function titleOf(root: JsonSchema, parent: string[], name: string): { title: string; choice: boolean } {
  const properties = schemaAt(root, [...parent, "properties"]);
  const property = isNode(properties) ? properties[name] : undefined;
  const schema = isNode(property) ? property : {};
  const choice = "enum" in schema || "oneOf" in schema || schema.type === "boolean" || schema.format === "date";
  return { title: typeof schema.title === "string" ? schema.title : name, choice };
}

function sentence(unit: OutputUnit, value: unknown, t: Translate): string {
  if (unit.keyword === "type")
    return t(value === "number" || value === "integer" ? `wrong.type_${value}` : "wrong.type_other");
  if (unit.keyword === "format") return t(`wrong.format_${String(value)}`, { defaultValue: t("wrong.format_other") });
  const decimals = unit.keyword === "multipleOf" ? /^1e-(\d+)$/.exec(Number(value).toExponential()) : null;
  if (decimals) return t("wrong.decimals", { n: decimals[1] });
  const n = isNode(value) ? "" : value;
  return t(`wrong.${unit.keyword}`, { n, defaultValue: t("wrong.other") });
}

function wrongOf(unit: OutputUnit, root: JsonSchema, t: Translate): Wrong {
  const location = steps(unit.keywordLocation);
  const path = steps(unit.instanceLocation);
  if (unit.keyword === "required") {
    const name = /property "(.*)"\.$/s.exec(unit.error)?.[1] ?? "";
    const { title, choice } = titleOf(root, location.slice(0, -1), name);
    const message = t(choice ? "wrong.required_choice" : "wrong.required", { title });
    return { path: [...path, name], keyword: unit.keyword, message };
  }
  if (unit.keyword === "additionalProperties" || unit.keyword === "false") {
    const title = path.at(-1) ?? "";
    return { path, keyword: "additionalProperties", message: t("wrong.additionalProperties", { title }) };
  }
  return { path, keyword: unit.keyword, message: sentence(unit, schemaAt(root, location), t) };
}

/** A time of day without a zone is meant on the plant's clock; the standard's format would ask for a zone. */
function isPlantTime(unit: OutputUnit, root: JsonSchema): boolean {
  return unit.keyword === "format" && schemaAt(root, steps(unit.keywordLocation)) === "time";
}

/** Everything wrong in `data`, all at once, in the page's own phrases. Interprets the schema; compiles no code. */
export function wrongs(schema: JsonSchema, data: unknown, t: Translate): Wrong[] {
  const result = new Validator(schema as Schema, "2020-12", false).validate(bare(data) ?? {});
  if (result.valid) return [];
  const units = withoutOtherChoices(result.errors).filter(
    (unit) => !CARRIERS.has(unit.keyword) && !isPlantTime(unit, schema),
  );
  const seen = new Set<string>();
  return units
    .map((unit) => wrongOf(unit, schema, t))
    .filter(({ path, message }) => {
      const key = JSON.stringify([path, message]);
      return !seen.has(key) && Boolean(seen.add(key));
    });
}

/** Whether `data` fits `schema`, whose references lead into `root`. */
export function fits(schema: JsonSchema, data: unknown, root: JsonSchema): boolean {
  if (data === undefined) return false;
  const whole = { $defs: root.$defs, definitions: root.definitions, ...schema };
  try {
    return new Validator(bare(whole) as Schema, "2020-12").validate(bare(data)).valid;
  } catch {
    // A reference into nowhere: rjsf asks whether data fits, and it does not.
    return false;
  }
}
