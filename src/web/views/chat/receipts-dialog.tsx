import { useEffect, useState } from "preact/hooks";
import type { MessageFacts, ReceiptFacts } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { receiptsOf } from "../../state/messages.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { FormError } from "../parts/field.tsx";
import { when } from "../parts/times.ts";
import { useTask } from "../parts/use-task.ts";

const words = strings.message.receipt;

export function ReceiptsDialog({ message, onClose }: { message: MessageFacts; onClose: () => void }) {
  const [receipts, setReceipts] = useState<ReceiptFacts[]>([]);
  const { error, start } = useTask();
  useEffect(() => start(async () => setReceipts(await receiptsOf(message))), []);
  return (
    <Dialog title={strings.message.receipts} onClose={onClose}>
      <FormError text={error} />
      <ul class="people">
        {receipts.map((receipt) => (
          <li key={receipt.user}>
            <Avatar name={receipt.user} isSmall />
            <span class="person-name">{receipt.user}</span>
            <span class="soft">{inWords(receipt)}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function inWords({ readAt, deliveredAt, expiredAt, unopenedAt }: ReceiptFacts): string {
  if (readAt !== undefined) return words.read(when(readAt));
  if (deliveredAt !== undefined) return words.delivered(when(deliveredAt));
  if (unopenedAt !== undefined) return words.unopened;
  return expiredAt === undefined ? words.none : words.expired;
}
