import type { ErrorCode } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { wordsForCode } from "../../state/notices.ts";
import { askWho, takeOver } from "../../state/session.ts";
import { useTask } from "../parts/use-task.ts";
import { Welcome } from "./welcome.tsx";

export function OtherTab() {
  const { isBusy, start } = useTask();
  return (
    <Welcome title={strings.otherTab.title} text={strings.otherTab.text}>
      <button type="button" class="button primary" aria-disabled={isBusy} onClick={() => start(takeOver)}>
        {strings.otherTab.takeOver}
      </button>
    </Welcome>
  );
}

export function Ended({ code }: { code: ErrorCode }) {
  return (
    <Welcome title={strings.ended.title} text={wordsForCode(code)}>
      <button type="button" class="button primary" onClick={askWho}>
        {strings.ended.again}
      </button>
    </Welcome>
  );
}

export function NoAccounts() {
  return <Welcome title={strings.product} text={strings.hosted.noAccounts} />;
}

export function Insecure() {
  return <Welcome title={strings.product} text={strings.welcome.insecure} />;
}
