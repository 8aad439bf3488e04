const hues = 8;

/** A letter on a ground that is the same for the same name. It says nothing that the name beside it does not. */
export function Avatar({
  name,
  isOnline = false,
  isSmall = false,
}: {
  name: string;
  isOnline?: boolean;
  isSmall?: boolean;
}) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) % 9973;
  const [letter = "·"] = name;
  return (
    <span class={`avatar hue-${sum % hues}${isSmall ? " avatar-small" : ""}`} aria-hidden="true">
      {letter.toLocaleUpperCase()}
      {isOnline && <span class="online-dot" />}
    </span>
  );
}
