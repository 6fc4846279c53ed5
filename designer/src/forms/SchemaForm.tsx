import { generateForm } from "@rjsf/antd";
import type { IChangeEvent } from "@rjsf/core";
import { englishStringTranslator, type RJSFSchema, TranslatableString, type UiSchema } from "@rjsf/utils";
import { type FormEvent, type MouseEvent, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonSchema } from "@/api/types";
import { Button, type ButtonLook } from "@/ui/Button";
import { spokenLanguage } from "@/ui/i18n";
import { AntdAround } from "./antd";
import { templates } from "./templates";
import { errorSchemaOf, validatorIn } from "./validator";
import { widgets } from "./widgets";
import { bare } from "./wrong";

type FormData = Record<string, unknown>;

const Form = generateForm<FormData, RJSFSchema>();

/** A way to submit the form; its id comes back with the data. */
export interface FormAction {
  id: string;
  label: string;
  look: ButtonLook;
}

export interface SchemaFormProps {
  schema: JsonSchema;
  uiSchema: JsonSchema;
  actions: readonly FormAction[];
  busy: boolean;
  /** What the server found wrong, by path into the data. */
  refused?: ReadonlyMap<string, string[]>;
  onSubmit: (data: FormData, action: string) => void;
}

const SAID: Partial<Record<TranslatableString, string>> = {
  [TranslatableString.AddItemButton]: "form.add",
  [TranslatableString.AddButton]: "form.add",
  [TranslatableString.RemoveButton]: "form.remove",
  [TranslatableString.MoveUpButton]: "form.up",
  [TranslatableString.MoveDownButton]: "form.down",
  [TranslatableString.YesLabel]: "form.yes",
  [TranslatableString.NoLabel]: "form.no",
};

/** A form drawn from a JSON Schema. Says all that is wrong at once, at the fields, when an action is pressed. */
export function SchemaForm({ schema, uiSchema, actions, busy, refused, onSubmit }: SchemaFormProps) {
  const { t } = useTranslation();
  const [data, setData] = useState<FormData>({});
  const [wrongCount, setWrongCount] = useState(0);
  const pressed = useRef<string | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const validator = useMemo(() => validatorIn((key, args) => t(key, args ?? {})), [t]);
  // Once something is changed, what the server said of it before may no longer be true.
  const [answered, setAnswered] = useState<typeof refused>();
  const extraErrors = useMemo(() => {
    const places = refused === answered ? [] : [...(refused ?? [])];
    return errorSchemaOf(
      places.flatMap(([path, said]) => said.map((message) => ({ path: JSON.parse(path), message }))),
    );
  }, [refused, answered]);
  const translateString = useCallback(
    (text: TranslatableString, params?: string[]) => {
      const key = SAID[text];
      if (key) return t(key);
      if (text === TranslatableString.OptionPrefix) return t("form.option", { n: params?.[0] });
      if (text === TranslatableString.TitleOptionPrefix) return t("form.option", { n: params?.[1] });
      return englishStringTranslator(text, params);
    },
    [t],
  );

  const press = (event: MouseEvent<HTMLButtonElement>, action: string) => {
    pressed.current = action;
    event.currentTarget.form?.requestSubmit();
  };
  const submit = (change: IChangeEvent<FormData>, _event: FormEvent) => {
    // The Enter key presses no button: with more than one outcome it must not choose one.
    const action = pressed.current ?? (actions.length === 1 ? actions[0]?.id : undefined);
    pressed.current = null;
    setWrongCount(0);
    if (action && !busy) onSubmit(bare(change.formData ?? {}) as FormData, action);
  };
  const complain = (errors: unknown[]) => {
    pressed.current = null;
    setWrongCount(errors.length);
    requestAnimationFrame(() => {
      const first = frame.current?.querySelector<HTMLElement>("[data-wrong] :is(input, textarea, button)");
      first?.focus();
    });
  };

  return (
    <AntdAround language={spokenLanguage()}>
      <div ref={frame}>
        <Form
          className="form"
          schema={schema as RJSFSchema}
          uiSchema={uiSchema as UiSchema<FormData, RJSFSchema>}
          formData={data}
          validator={validator}
          templates={templates}
          widgets={widgets}
          translateString={translateString}
          extraErrors={extraErrors}
          // A list of choices starts unchosen: nobody shall send an answer they did not give.
          experimental_defaultFormStateBehavior={{ constAsDefaults: "skipOneOf" }}
          showErrorList={false}
          noHtml5Validate
          disabled={busy}
          onChange={(change, field) => {
            setData(change.formData ?? {});
            // Without a field it was the form itself, filling in defaults.
            if (field) setAnswered(refused);
          }}
          onSubmit={submit}
          onError={complain}
        >
          <p className="field-error" role="alert">
            {wrongCount > 0 && t("form.errors", { count: wrongCount })}
          </p>
          <div className="actions outcomes">
            {actions.map((action) => (
              <Button key={action.id} look={action.look} busy={busy} onClick={(event) => press(event, action.id)}>
                {action.label}
              </Button>
            ))}
          </div>
        </Form>
      </div>
    </AntdAround>
  );
}
