import { lazy, Suspense } from "react";
import { Loading } from "@/ui/Notice";
import type { SchemaFormProps } from "./SchemaForm";

const load = () => import("./SchemaForm").then((module) => ({ default: module.SchemaForm }));
const Loaded = lazy(load);

/** Fetches the form library while the reader is still reading, so that the form is there when it is wanted. */
export function warmForms(): void {
  void load();
}

/** A {@link SchemaFormProps SchemaForm} whose library is fetched only where a form is shown. */
export function LazySchemaForm(props: SchemaFormProps) {
  return (
    <Suspense fallback={<Loading />}>
      <Loaded {...props} />
    </Suspense>
  );
}
