import { describeBlobs } from "./store/blobs.ts";
import { describeBlocks } from "./store/blocks.ts";
import { describeCommits } from "./store/commits.ts";
import { describeConversations } from "./store/conversations.ts";
import { describeDevices } from "./store/devices.ts";
import { describeErasure } from "./store/erasure.ts";
import { describeFollowing } from "./store/following.ts";
import { describeGenerations } from "./store/generations.ts";
import { describeGroups } from "./store/groups.ts";
import { describeHeld } from "./store/held.ts";
import { describeHistory } from "./store/history.ts";
import { describeHistoryShares } from "./store/history-shares.ts";
import { describeInbox } from "./store/inbox.ts";
import { describeKeyPackages } from "./store/key-packages.ts";
import { describeLaterDevices } from "./store/later-devices.ts";
import { describeMaintenance } from "./store/maintenance.ts";
import { describeMessages } from "./store/messages.ts";
import { describeModel } from "./store/model.ts";
import { describePositions } from "./store/positions.ts";
import { describeReadMarks } from "./store/read-marks.ts";
import { describeRecovery } from "./store/recovery.ts";
import { describeRetention } from "./store/retention.ts";
import { describeWakes } from "./store/wakes.ts";
import type { StorePair } from "./store/store-pair.ts";

/** What every Store promises. `open` gives migrated instances on one empty database. */
export function storeContract(open: () => Promise<StorePair>): void {
  let pair: StorePair;
  before(async () => {
    pair = await open();
  });
  after(() => pair.end());
  const stores = () => pair;

  describeDevices(stores);
  describeInbox(stores);
  describeKeyPackages(stores);
  describeConversations(stores);
  describeCommits(stores);
  describeGenerations(stores);
  describeGroups(stores);
  describeHistory(stores);
  describeHistoryShares(stores);
  describeRecovery(stores);
  describeBlobs(stores);
  describeBlocks(stores);
  describeHeld(stores);
  describeErasure(stores);
  describeMessages(stores);
  describePositions(stores);
  describeReadMarks(stores);
  describeLaterDevices(stores);
  describeMaintenance(stores);
  describeRetention(stores);
  describeWakes(stores);
  describeFollowing(stores);
  describeModel(stores);
}
