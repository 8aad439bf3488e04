import { useEffect, useId, useRef } from "preact/hooks";

interface FieldProps {
  type?: "text" | "password";
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  autocomplete?: string;
  autocapitalize?: "none";
  spellcheck?: boolean;
  label: string;
  hint?: string | undefined;
  value: string;
  onValue: (value: string) => void;
  /** Takes the focus when it appears. */
  isFirst?: boolean;
}

export function Field({ type, label, hint, value, onValue, isFirst = false, ...rest }: FieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, []);
  const props = {
    ...rest,
    ref: input,
    id,
    value,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => onValue(currentTarget.value),
    ...(hint !== undefined && { "aria-describedby": `${id}-hint` }),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === "password" ? <input type="password" {...props} /> : <input type="text" {...props} />}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function FormError({ text }: { text: string | undefined }) {
  return (
    <p class="form-error" role="alert">
      {text}
    </p>
  );
}
