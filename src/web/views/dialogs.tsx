import { strings } from "../strings.ts";
import { bridge } from "../state/bridge.ts";
import { closeDialog, dialog, type OpenDialog } from "../state/dialogs.ts";
import { erase, me } from "../state/session.ts";
import { ReceiptsDialog } from "./chat/receipts-dialog.tsx";
import { VerificationDialog } from "./details/verification-dialog.tsx";
import { NewConversation } from "./list/new-conversation.tsx";
import { NewGroup } from "./list/new-group.tsx";
import { ConfirmDialog } from "./parts/confirm-dialog.tsx";
import { RevokeDialog } from "./settings/revoke-dialog.tsx";
import { daySeconds, duration } from "./parts/times.ts";
import { SettingsDialog } from "./settings/settings-dialog.tsx";

export function Dialogs({ open }: { open: OpenDialog }) {
  switch (open.name) {
    case "new-conversation":
      return <NewConversation onClose={closeDialog} />;
    case "new-group":
      return <NewGroup onClose={closeDialog} />;
    case "settings":
      return <SettingsDialog onClose={closeDialog} />;
    case "verification":
      return <VerificationDialog user={open.user} onClose={closeDialog} />;
    case "receipts":
      return <ReceiptsDialog message={open.message} onClose={closeDialog} />;
    case "leave-group":
      return (
        <ConfirmDialog
          title={strings.details.leave}
          text={strings.details.leaveText}
          onClose={closeDialog}
          onConfirm={() => bridge.call("leaveGroup", { conversation: open.conversation })}
        />
      );
    case "shorten-retention": {
      const { conversation, days } = open;
      return (
        <ConfirmDialog
          title={strings.details.shorten}
          text={strings.details.shortenText(duration(days * daySeconds))}
          onClose={closeDialog}
          onConfirm={() => bridge.call("setRetention", { conversation, days })}
        />
      );
    }
    case "block":
      return (
        <ConfirmDialog
          title={strings.details.block}
          text={strings.details.blockText(open.user)}
          onClose={closeDialog}
          onConfirm={() => bridge.call("setBlocked", { user: open.user, isBlocked: true })}
        />
      );
    case "revoke-device":
      return <RevokeDialog device={open.device} label={open.label} onClose={backToSettings} />;
    case "erase":
      return (
        <ConfirmDialog
          title={strings.settings.erase}
          text={strings.settings.eraseText}
          action={strings.settings.eraseConfirm}
          onClose={closeDialog}
          onConfirm={() => erase(me.value.user)}
        />
      );
  }
}

const backToSettings = (): void => {
  dialog.value = { name: "settings" };
};
