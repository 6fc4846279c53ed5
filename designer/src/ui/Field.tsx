import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react";

interface Labelled {
  label: string;
  hint?: string;
  error?: string;
}

function Around({ id, label, hint, error, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

const describedBy = (id: string, { hint, error }: Labelled) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

export function TextField(props: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const { label, hint, error, ...input } = props;
  const id = useId();
  return (
    <Around id={id} label={label} hint={hint} error={error}>
      <input {...input} id={id} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, props)} />
    </Around>
  );
}

export function SelectField(props: Labelled & SelectHTMLAttributes<HTMLSelectElement>) {
  const { label, hint, error, ...select } = props;
  const id = useId();
  return (
    <Around id={id} label={label} hint={hint} error={error}>
      <select {...select} id={id} aria-describedby={describedBy(id, props)} />
    </Around>
  );
}

export function CheckField({ label, ...input }: { label: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="check">
      <input {...input} type="checkbox" />
      {label}
    </label>
  );
}
