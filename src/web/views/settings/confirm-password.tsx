import { strings } from "../../strings.ts";
import { Field } from "../parts/field.tsx";

/** Before what outlasts this visit: who sits here is the person, or knows the password. */
export function ConfirmPassword({
  value,
  onValue,
  isFirst = false,
}: {
  value: string;
  onValue: (value: string) => void;
  isFirst?: boolean;
}) {
  return (
    <Field
      label={strings.settings.password}
      type="password"
      value={value}
      onValue={onValue}
      isFirst={isFirst}
      required
      autocomplete="current-password"
    />
  );
}
