import { useEffect } from "preact/hooks";
import { strings } from "../strings.ts";
import { chosenConversation, unreadInAll } from "../state/conversations.ts";
import { dialog, isDetailsOpen } from "../state/dialogs.ts";
import { followChoice } from "../state/open-conversation.ts";
import { screen } from "../state/session.ts";
import { Chat } from "./chat/chat.tsx";
import { Details } from "./details/details.tsx";
import { Dialogs } from "./dialogs.tsx";
import { Sidebar } from "./list/sidebar.tsx";
import { Announcer, Notices } from "./parts/notices.tsx";
import { LinkDevice } from "./welcome/link-device.tsx";
import { Hosted } from "./welcome/hosted.tsx";
import { Ended, Insecure, NoAccounts, OtherTab } from "./welcome/stops.tsx";
import { SignIn } from "./welcome/sign-in.tsx";
import { Unlock } from "./welcome/unlock.tsx";

export function App() {
  const count = unreadInAll.value;
  useEffect(() => {
    document.title = count > 0 ? `(${strings.list.unread(count)}) ${strings.product}` : strings.product;
  }, [count]);
  return (
    <>
      <Screen />
      <Notices />
      <Announcer />
    </>
  );
}

function Screen() {
  const now = screen.value;
  switch (now.name) {
    case "starting":
      return (
        <main class="starting" aria-busy="true">
          <h1 class="visually-hidden">{strings.loading}</h1>
        </main>
      );
    case "insecure":
      return <Insecure />;
    case "sign-in":
      return <SignIn key={now.mode} mode={now.mode} />;
    case "unlock":
      return <Unlock user={now.user} />;
    case "hosted":
      return <Hosted key={now.user} user={now.user} isNew={now.isNew} />;
    case "no-accounts":
      return <NoAccounts />;
    case "link":
      return <LinkDevice />;
    case "other-tab":
      return <OtherTab />;
    case "ended":
      return <Ended code={now.code} />;
    case "open":
      return <Shell />;
  }
}

function Shell() {
  useEffect(followChoice, []);
  const conversation = chosenConversation.value;
  const hasDetails = conversation !== undefined && isDetailsOpen.value;
  return (
    <div class={`shell${conversation ? " has-chat" : ""}${hasDetails ? " has-details" : ""}`}>
      <Sidebar />
      <Chat conversation={conversation} />
      {hasDetails && <Details conversation={conversation} />}
      {dialog.value && <Dialogs key={dialog.value} open={dialog.value} />}
    </div>
  );
}
