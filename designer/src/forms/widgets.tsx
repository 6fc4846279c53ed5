import { ariaDescribedByIds, type BaseInputTemplateProps, getInputProps, type WidgetProps } from "@rjsf/utils";
import { Input, InputNumber } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

const FULL = { width: "100%" };

/** Text and number inputs. A number out of bounds stays as typed and is named wrong, instead of changing silently. */
export function BaseInput(props: BaseInputTemplateProps) {
  const {
    id,
    htmlName,
    schema,
    value,
    options,
    disabled,
    readonly,
    placeholder,
    rawErrors,
    onChange,
    onBlur,
    onFocus,
  } = props;
  const { type } = getInputProps(schema, props.type, options, false);
  const shared = {
    id,
    name: htmlName || id,
    disabled: disabled || readonly,
    placeholder,
    style: FULL,
    onBlur: () => onBlur(id, value),
    onFocus: () => onFocus(id, value),
    "aria-invalid": rawErrors?.length ? true : undefined,
    "aria-describedby": ariaDescribedByIds(id),
  };
  if (type === "number" || type === "integer") {
    return (
      <InputNumber
        {...shared}
        value={value as number | undefined}
        controls={false}
        changeOnWheel={false}
        inputMode={schema.type === "integer" ? "numeric" : "decimal"}
        onChange={(next) => onChange(next === null ? options.emptyValue : next)}
      />
    );
  }
  return (
    <Input
      {...shared}
      type={type}
      value={(value ?? "") as string}
      onChange={({ target }) => onChange(target.value === "" ? options.emptyValue : target.value)}
    />
  );
}

/** For `format: secret`: what is stored never reaches the page; only what is typed now is sent. */
function SecretWidget({ id, htmlName, disabled, readonly, options, onChange, rawErrors }: WidgetProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <>
      <Input.Password
        id={id}
        name={htmlName || id}
        autoComplete="new-password"
        disabled={disabled || readonly}
        value={typed}
        aria-invalid={rawErrors?.length ? true : undefined}
        aria-describedby={`${id}__kept ${ariaDescribedByIds(id)}`}
        onChange={({ target }) => {
          setTyped(target.value);
          onChange(target.value === "" ? options.emptyValue : target.value);
        }}
      />
      <p className="field-hint" id={`${id}__kept`}>
        {t("form.secret_kept")}
      </p>
    </>
  );
}

export const widgets = { secret: SecretWidget };
