import { databaseOf } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { openNodeStore } from "../store/open-node-store.ts";
import { asStartError } from "./unusable-database.ts";

/** Opens the database that the settings name, its schema up to date. Throws `StartError` where it cannot be used. */
export function openStore(settings: Settings): ReturnType<typeof openNodeStore> {
  return openNodeStore(databaseOf(settings), settings).catch((error: unknown) => {
    throw asStartError(settings, error);
  });
}
