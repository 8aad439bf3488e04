/**
 * The SDK's client of this tab: opened under the person's password, and closed. Keys, tokens and the password are in here, in a worker; the
 * page, and what somebody may inject into it, gets none of them.
 *
 * One password, two uses. The node gets it to say who logs in, and can learn it then. The local store is sealed under a key that Argon2id makes of
 * it with a salt of the store's own, which never leaves this browser: a thief of the disk has to guess the password against that, and whoever runs
 * the node learns nothing of what is on a disk that they do not have. Who has both, the node's traffic and the disk, opens the store.
 */
import {
  createClient,
  deleteIndexedDbStore,
  indexedDbStore,
  SottoError,
  type Client,
  type DeviceLink,
  type TokenSource,
} from "../../client/index.ts";
import type { Credentials, Opened } from "../bridge/contract.ts";
import { failureOf, type Tell } from "../bridge/answering.ts";
import { tokenFor } from "./accounts.ts";
import { HandedToken } from "./handed-token.ts";
import { OpenView } from "./open-view.ts";
import { ConversationList } from "./conversation-list.ts";

const storeName = (user: string): string => `web/${user}`;

/** A wrong password costs so much time, one after another: a script in the page cannot guess at the speed of the bridge. */
const wrongPasswordMs = 1000;

interface Held {
  password: string;
  client: Client;
  list: ConversationList;
  view: OpenView;
}

export class Session {
  readonly tell: Tell;
  private held: Held | undefined;
  private link: DeviceLink | undefined;
  private linking = new AbortController();
  private readonly handed = new HandedToken();
  private confirming: Promise<void> = Promise.resolve();

  constructor(tell: Tell) {
    this.tell = tell;
  }

  get client(): Client {
    return this.open.client;
  }
  get list(): ConversationList {
    return this.open.list;
  }
  get view(): OpenView {
    return this.open.view;
  }

  async signUp(given: Credentials): Promise<Opened> {
    return this.start(given, ofAccount(given, await tokenFor("/v1/accounts", given)), false);
  }

  async logIn(given: Credentials): Promise<Opened> {
    return this.start(given, ofAccount(given, await tokenFor("/v1/sessions", given)), false);
  }

  /** Asks the node for nothing before the store is open: this works offline. */
  unlock(given: Credentials): Promise<Opened> {
    return this.start(given, ofAccount(given), true);
  }

  /** As `unlock`: without a token what is here is shown, and the connection says what is missing. */
  openWithToken({ isNew, ...given }: Credentials & { isNew: boolean }): Promise<Opened> {
    return this.start(given, this.handed.sourceFor(given.user), !isNew);
  }

  takeToken(token: string): { user: string } {
    const { user } = this.handed.take(token);
    if (this.held?.client.user === user) this.held.client.connect().catch(() => undefined);
    return { user };
  }

  async close(): Promise<void> {
    this.linking.abort();
    this.link = undefined;
    const { held } = this;
    this.held = undefined;
    held?.view.leave();
    await held?.client.close();
  }

  async erase(user: string): Promise<void> {
    await this.close();
    await deleteIndexedDbStore(storeName(user));
  }

  /** Errors: those of `devices.link`. */
  async startLink(): Promise<{ code: string }> {
    this.linking.abort();
    this.linking = new AbortController();
    this.link = await this.client.devices.link({ signal: this.linking.signal });
    return { code: this.link.code };
  }

  async finishLink(): Promise<{ checkDigits: string }> {
    if (!this.link) throw new SottoError("link-unknown");
    const outcome = await this.link.completed;
    this.ready();
    return outcome;
  }

  /** The person is there, and not only a script in the page. Error: `credentials-invalid`. */
  confirm(password: string): Promise<void> {
    const before = this.confirming;
    const confirmed = before.then(async () => {
      if (this.open.password === password) return;
      await new Promise((resolve) => setTimeout(resolve, wrongPasswordMs));
      throw new SottoError("credentials-invalid");
    });
    this.confirming = confirmed.catch(() => undefined);
    return confirmed;
  }

  /** The device is one of its user's from now on. */
  ready(): void {
    this.list.refresh();
  }

  private get open(): Held {
    if (!this.held) throw new SottoError("closed");
    return this.held;
  }

  /** `mustExist`: who unlocks has been here: what is not there any more was cleared. */
  private async start(given: Credentials, token: TokenSource, mustExist: boolean): Promise<Opened> {
    await this.close();
    const client = await createClient({
      url: globalThis.location.origin,
      user: given.user,
      deviceName: browserName(),
      store: indexedDbStore(storeName(given.user), {
        passphrase: given.password,
        // The page sees to it that there is one tab; what one that was frozen still holds goes over.
        whenLocked: "take-over",
        mustExist,
      }),
      token,
    });
    const list = new ConversationList(client, this.tell);
    this.held = {
      password: given.password,
      client,
      list,
      view: new OpenView(client, this.tell, (id) => list.touch(id)),
    };
    this.follow(client);
    const opened = { user: client.user, device: client.device };
    if (client.isSetUp) {
      client.connect().catch(() => undefined);
      return { ...opened, standing: "ready" };
    }
    try {
      await client.connect();
      return { ...opened, standing: "ready" };
    } catch (error) {
      if (error instanceof SottoError && error.code === "link-required")
        return { ...opened, standing: "link-required" };
      await this.close();
      throw error;
    }
  }

  private follow(client: Client): void {
    const { tell } = this;
    const isHeld = (): boolean => this.held?.client === client;
    client.on("connection", (state) => {
      if (!isHeld()) return;
      const { refusal } = client;
      tell("connection", { state, ...(refusal && { refusal: failureOf(refusal) }) });
      if (state === "online") this.list.watchPeople();
    });
    client.on("presence", ({ user, online, lastSeen }) => {
      tell("presence", { user, online, lastSeen: lastSeen?.getTime() ?? null });
    });
    client.on("identity-changed", ({ user, reason }) => {
      tell("identity-changed", { user, hasStartedOver: reason === "started-over" });
      if (isHeld()) this.list.touchUser(user);
    });
    client.on("blocked", (users) => tell("blocked", users));
    client.on("fault", ({ code, conversation, user }) => {
      if (code === "store-locked" || code === "storage-evicted") return tell("ended", { code });
      tell("fault", { code, ...(conversation && { conversation }), ...(user && { user }) });
    });
  }
}

/** Tokens of an account: the one that there is, then others for the password. */
function ofAccount(given: Credentials, first?: string): TokenSource {
  let token = first;
  return async ({ signal }) => {
    const now = token ?? (await tokenFor("/v1/sessions", given, signal));
    token = undefined;
    return now;
  };
}

/** What a person's other devices show of this one until it is called something else. */
function browserName(): string {
  const { userAgent } = globalThis.navigator;
  const browser = /(Edg|Firefox|Chrome|Safari)\//.exec(userAgent)?.[1]?.replace("Edg", "Edge") ?? "Browser";
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1]?.replace("Mac OS X", "Mac");
  return system === undefined ? browser : `${browser} on ${system}`;
}
