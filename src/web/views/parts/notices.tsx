import { strings } from "../../strings.ts";
import { announcement, dismiss, notices } from "../../state/notices.ts";
import { Icon } from "./icon.tsx";

export function Notices() {
  return (
    <div class="notices" role="status">
      {notices.value.map(({ id, text, isError }) => (
        <div key={id} class={isError ? "notice notice-error" : "notice"}>
          <span>{text}</span>
          <button type="button" class="icon-button" aria-label={strings.close} onClick={() => dismiss(id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}

/** What has happened, for who does not see it. Apart from the messages: a list that is windowed would be read out as it scrolls. */
export function Announcer() {
  const { id, text } = announcement.value;
  return (
    <div class="visually-hidden" aria-live="polite" data-announcer="">
      <span key={id}>{text}</span>
    </div>
  );
}
