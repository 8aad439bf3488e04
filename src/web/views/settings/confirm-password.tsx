import { strings } from "../../strings.ts";
import { Field } from "../parts/field.tsx";

/** Before what outlasts this visit: who sits here is the person, or knows the password. */
export function ConfirmPassword({ value, onValue }: { value: string; onValue: (value: string) => void }) {
  return (
    <Field
      label={strings.settings.password}
      type="password"
      value={value}
      onValue={onValue}
      required
      autocomplete="current-password"
    />
  );
}
