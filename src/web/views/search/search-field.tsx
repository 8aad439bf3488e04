import { useEffect, useRef } from "preact/hooks";
import { strings } from "../../strings.ts";
import { Icon } from "../parts/icon.tsx";

interface SearchFieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** Takes the focus when it appears. */
  isFirst?: boolean;
}

export function SearchField({ label, value, onValue, isFirst = false }: SearchFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, []);
  return (
    <div class="search" role="search" aria-label={label}>
      <Icon name="search" size={18} />
      <input
        ref={input}
        type="search"
        dir="auto"
        aria-label={label}
        placeholder={strings.search.placeholder}
        autocomplete="off"
        value={value}
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
    </div>
  );
}
