import {
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  descriptionId,
  errorId,
  type FieldErrorProps,
  type FieldTemplateProps,
  getTemplate,
  getUiOptions,
  type IconButtonProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type RJSFSchema,
  type TemplatesType,
  titleId,
  type UiSchema,
} from "@rjsf/utils";
import { createContext, isValidElement, type ReactElement, type ReactNode, useContext } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/Button";
import { BaseInput } from "./widgets";

// The antd theme's own templates set titles to the right, leave grey boxes and give selectors no name; these do not.

const GROUPED_WIDGETS = new Set(["radio", "checkboxes"]);
const WIDE_WIDGETS = new Set(["textarea", "checkboxes", "radio"]);

function Title({ text, required }: { text: ReactNode; required?: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      {text}
      {required && (
        <span className="form-required" title={t("form.required")} aria-hidden="true">
          *
        </span>
      )}
    </>
  );
}

function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, required, displayLabel, hidden, registry, schema, uiSchema, children, errors, help, description } =
    props;
  const options = getUiOptions(uiSchema);
  const Wrap = getTemplate<"WrapIfAdditionalTemplate">("WrapIfAdditionalTemplate", registry, options);
  if (hidden) return <div hidden>{children}</div>;
  const title = <Title text={label} required={required} />;
  const rest = (
    <>
      {children}
      {displayLabel && description}
      {errors}
      {help}
    </>
  );
  const wrong = props.rawErrors?.length ? { "data-wrong": true } : {};
  // A choice of kinds is named by its own selector, see MultiSchemaFieldTemplate.
  const isChoice = hasNestedKinds(schema);
  const named = displayLabel && label && !isChoice && options.widget !== "checkbox";
  if (named && typeof options.widget === "string" && GROUPED_WIDGETS.has(options.widget)) {
    return (
      <fieldset className="form-group" {...wrong}>
        <legend>{title}</legend>
        {rest}
      </fieldset>
    );
  }
  return (
    <Wrap {...props}>
      <div className="form-field" {...wrong}>
        {named && (
          <label className="form-label" htmlFor={id}>
            {title}
          </label>
        )}
        {rest}
      </div>
    </Wrap>
  );
}

function FieldErrorTemplate({ errors = [], fieldPathId }: FieldErrorProps) {
  if (!errors.length) return null;
  return (
    <div className="field-error" id={errorId(fieldPathId)}>
      {errors.map((error) => (
        <p key={String(error)}>{error}</p>
      ))}
    </div>
  );
}

function hasNestedKinds(schema: RJSFSchema): boolean {
  const kinds = schema.oneOf ?? schema.anyOf ?? [];
  return kinds.some((one) => typeof one === "object" && (one.type === "object" || one.properties !== undefined));
}

const isConstant = (content: ReactElement) => (content.props as { schema: RJSFSchema }).schema.const !== undefined;

function isWide(content: ReactElement): boolean {
  const { schema, uiSchema } = content.props as { schema: RJSFSchema; uiSchema?: UiSchema };
  const { widget } = getUiOptions(uiSchema);
  if (typeof widget === "string" && WIDE_WIDGETS.has(widget)) return true;
  return schema.type === "object" || schema.type === "array" || hasNestedKinds(schema);
}

/** Whether a group is the chosen kind of a choice, which has named it already. */
const Chosen = createContext(false);

function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const chosen = useContext(Chosen);
  const { title, required, fieldPathId, properties, optionalDataControl } = props;
  const parts = (
    <Chosen value={false}>
      <div className="form-parts">
        {/* A constant leaves nothing to fill in; it goes along with the data unseen. */}
        {properties
          .filter((part) => !part.hidden && !isConstant(part.content))
          .map((part) => (
            <div key={part.name} className={isWide(part.content) ? "form-part-wide" : undefined}>
              {part.content}
            </div>
          ))}
      </div>
    </Chosen>
  );
  const isRoot = fieldPathId.path.length === 0;
  const isRow = typeof fieldPathId.path.at(-1) === "number";
  if (isRoot || isRow || chosen || !title) {
    return (
      <div id={fieldPathId.$id}>
        {optionalDataControl}
        {parts}
      </div>
    );
  }
  return (
    <fieldset className="form-group" id={fieldPathId.$id}>
      <legend id={titleId(fieldPathId)}>
        <Title text={title} required={required} />
      </legend>
      {optionalDataControl}
      {parts}
    </fieldset>
  );
}

function ArrayFieldTemplate(props: ArrayFieldTemplateProps) {
  const { t } = useTranslation();
  const { title, required, fieldPathId, items, canAdd, onAddClick, disabled, readonly, schema } = props;
  return (
    <fieldset className="form-group" id={fieldPathId.$id} aria-describedby={errorId(fieldPathId)}>
      {title && (
        <legend>
          <Title text={title} required={required} />
        </legend>
      )}
      {schema.description && (
        <p className="field-hint" id={descriptionId(fieldPathId)}>
          {schema.description}
        </p>
      )}
      {items.length ? items : <p className="quiet form-none">{t("form.none_yet")}</p>}
      {canAdd && (
        <Button icon="start" onClick={onAddClick} disabled={disabled || readonly}>
          {t("form.add")}
        </Button>
      )}
    </fieldset>
  );
}

function ArrayFieldItemTemplate({ children, buttonsProps, hasToolbar, index }: ArrayFieldItemTemplateProps) {
  const { t } = useTranslation();
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem, readonly } = buttonsProps;
  const disabled = buttonsProps.disabled || readonly;
  const n = index + 1;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row is a group, but a fieldset in a grid cannot place its legend.
    <div className="form-row" role="group" aria-label={t("form.row", { n })}>
      <div>{children}</div>
      {hasToolbar && (
        <div className="form-row-buttons">
          {hasMoveUp && (
            <Button
              look="quiet"
              icon="up"
              aria-label={t("form.move_up_row", { n })}
              onClick={onMoveUpItem}
              disabled={disabled}
            />
          )}
          {hasMoveDown && (
            <Button
              look="quiet"
              icon="down"
              aria-label={t("form.move_down_row", { n })}
              onClick={onMoveDownItem}
              disabled={disabled}
            />
          )}
          {hasRemove && (
            <Button
              look="quiet"
              icon="remove"
              aria-label={t("form.remove_row", { n })}
              onClick={onRemoveItem}
              disabled={disabled}
            />
          )}
        </div>
      )}
    </div>
  );
}

function MultiSchemaFieldTemplate({ selector, optionSchemaField, schema }: MultiSchemaFieldTemplateProps) {
  const { t } = useTranslation();
  const id = isValidElement<{ id?: string }>(selector) ? selector.props.id : undefined;
  return (
    <div className="form-choice">
      <div className="form-field">
        <label className="form-label" htmlFor={id}>
          {schema.title ?? t("form.choose")}
        </label>
        {selector}
      </div>
      <Chosen value={true}>{optionSchemaField}</Chosen>
    </div>
  );
}

function AddButton({ onClick, disabled, id }: IconButtonProps) {
  const { t } = useTranslation();
  return (
    <Button icon="start" id={id} onClick={onClick} disabled={disabled}>
      {t("form.add")}
    </Button>
  );
}

export const templates: Partial<Omit<TemplatesType, "ButtonTemplates">> & {
  ButtonTemplates: Partial<TemplatesType["ButtonTemplates"]>;
} = {
  FieldTemplate,
  FieldErrorTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  MultiSchemaFieldTemplate,
  BaseInputTemplate: BaseInput,
  ButtonTemplates: { AddButton },
};
